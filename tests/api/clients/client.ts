// Calls a server with the types that openapi-typescript makes of its stable document, in planrec.ts.
import type { paths } from "./planrec";

type Path = "/predict" | "/predict/batch";
type Sent<P extends Path> = paths[P]["post"]["requestBody"]["content"]["application/json"];
type Received<P extends Path> = paths[P]["post"]["responses"][200]["content"]["application/json"];

declare const process: { argv: string[] };
const [address, example] = process.argv.slice(2);

async function post<P extends Path>(path: P, body: Sent<P>): Promise<Received<P>> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(address + path, { method: "POST", headers, body: JSON.stringify(body) });
  return (await answer.json()) as Received<P>;
}

// @ts-expect-error A list of plans holds texts: the compiler must find this mistake.
const mistake: Sent<"/predict">["exclude"] = [3];

async function main(): Promise<void> {
  const request: Sent<"/predict"> = JSON.parse(example);
  const one = await post("/predict", request);
  const many = await post("/predict/batch", [request, request]);
  console.log(JSON.stringify([one, ...many].map((answer) => answer.items[0].plan_id)));
}

void main();
