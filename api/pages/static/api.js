// Requests to the server that the page came from.

const STORED_KEY = "planrec.key";
const NO_SERVER = [502, 504];
const CHECK_EVERY_MS = 2000;

/** The server's reason not to answer: RFC 9457. */
export class Problem extends Error {
  constructor(status, content) {
    super(content.detail ?? content.title ?? `HTTP ${status}`);
    this.status = status;
    this.type = content.type;
    /** Every value that was refused: {pointer: "/months/0/sms", detail: "..."}. */
    this.errors = content.errors ?? [];
  }

  /** Return the errors at or below a JSON pointer. */
  at(pointer) {
    return this.errors.filter((error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`));
  }

  /** Return the messages about values at or below a JSON pointer: `problem.about("/months")`. */
  about(pointer) {
    return this.at(pointer).map((error) => error.detail);
  }
}

/** There is no server to answer; the banner says so, so a view has only to keep its last figures. */
export class ServerGone extends Error {}

/**
 * Return the functions that send requests: `get(path, options)`, `post(path, body, options)` and
 * `send(path, options)`, which returns the response itself. They raise Problem, ServerGone, or an AbortError if
 * `options.signal` stopped them. `options.headers` adds headers.
 */
export function client({root, language, askForKey, onAnswer, onLost, onReturn}) {
  let isLost = false;
  let asking = null;

  async function send(path, options = {}) {
    const response = await reach(path, options);
    if (response.status === 401) {
      const hadKey = sessionStorage.getItem(STORED_KEY) !== null;
      await newKey(hadKey);
      return send(path, options);
    }
    if (response.ok) return response;
    throw new Problem(response.status, await response.json().catch(() => ({})));
  }

  async function reach(path, options) {
    const key = sessionStorage.getItem(STORED_KEY);
    const headers = {"accept-language": language, ...(key ? {"x-api-key": key} : {}), ...options.headers};
    let response;
    try {
      response = await fetch(root + path, {...options, headers, cache: "no-store"});
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw lost();
    }
    if (NO_SERVER.includes(response.status)) throw lost();
    if (isLost) returned();
    onAnswer();
    return response;
  }

  /** Ask for a key once, also if several requests were refused. */
  function newKey(hadKey) {
    asking ??= askForKey(hadKey).then((key) => {
      sessionStorage.setItem(STORED_KEY, key);
      asking = null;
    });
    return asking;
  }

  function lost() {
    if (!isLost) {
      isLost = true;
      onLost();
      setTimeout(check, CHECK_EVERY_MS);
    }
    return new ServerGone();
  }

  async function check() {
    const response = await fetch(`${root}/ready`, {cache: "no-store"}).catch(() => null);
    if (response?.ok) returned();
    else if (isLost) setTimeout(check, CHECK_EVERY_MS);
  }

  function returned() {
    if (!isLost) return;
    isLost = false;
    onReturn();
  }

  const json = async (path, options) => (await send(path, options)).json();
  return {
    send,
    /** Say if requests have a key: a link cannot send one. */
    hasKey: () => sessionStorage.getItem(STORED_KEY) !== null,
    get: json,
    post: (path, body, options = {}) =>
      json(path, {
        ...options,
        method: "POST",
        headers: {"content-type": "application/json", ...options.headers},
        body: JSON.stringify(body),
      }),
  };
}

/**
 * Return a function that keeps one request under way: the newest of those that come meanwhile is sent
 * afterwards, and cancels a request that takes longer than `patience` milliseconds.
 *
 * `ask(value, signal)` sends a request and shows its answer. Values that a newer one overtakes are never sent.
 */
export function newestOnly(ask, patience = 300) {
  let controller = null;
  let started = 0;
  let waiting = null;

  async function run(value) {
    controller = new AbortController();
    started = performance.now();
    try {
      await ask(value, controller.signal);
    } catch (error) {
      // The banner tells that the server is gone; the view asks again when it is back.
      if (error.name !== "AbortError" && !(error instanceof ServerGone)) throw error;
    } finally {
      controller = null;
      if (waiting !== null) {
        const [next] = waiting;
        waiting = null;
        run(next);
      }
    }
  }

  return (value) => {
    if (controller === null) return run(value);
    waiting = [value];
    const own = controller;
    setTimeout(() => { if (waiting !== null) own.abort(); }, Math.max(0, patience - (performance.now() - started)));
    return null;
  };
}
