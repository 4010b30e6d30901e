"""Spanish texts of problems, by their English ones: titles, details, and the rules that values break.

`{}` stands for any text, which the translation keeps; `{n}` for a number, whose thousands are set apart by
spaces. The terminal, the log and the code use the English texts.
"""

from collections.abc import Mapping

TITLES: Mapping[int, str] = {
    400: "Solicitud incorrecta",
    401: "No autorizado",
    403: "Prohibido",
    404: "No encontrado",
    405: "Método no permitido",
    408: "Tiempo de espera agotado",
    409: "Conflicto",
    413: "Contenido demasiado grande",
    415: "Tipo de contenido no admitido",
    422: "Valores no aceptados",
    429: "Demasiadas solicitudes",
    431: "Cabeceras demasiado grandes",
    500: "Error interno del servidor",
    503: "Servicio no disponible",
}
"By HTTP status."

DETAILS: Mapping[str, str] = {
    # Bodies, headers and routes.
    "the body must be JSON: {} at line {n} column {n}": "el cuerpo debe ser JSON; el error está en la línea"
    " {n}, columna {n}",
    "the body must be JSON: {} at line {n} column {n}, in /{n}": "el cuerpo debe ser JSON; el error está en"
    " la línea {n}, columna {n}, en /{n}",
    "the body must be JSON: {}, in /{n}": "el cuerpo debe ser JSON en UTF-8, y no lo es en /{n}",
    "the body must be JSON: {}": "el cuerpo debe ser JSON en UTF-8",
    "each key of an object may be given once, got {} more than once": "cada clave de un objeto se puede dar"
    " una sola vez, y {} se repite",
    "each key of an object may be given once, got {} more than once, in /{n}": "cada clave de un objeto se"
    " puede dar una sola vez, y {} se repite en /{n}",
    "the request has {n} unknown keys": "la solicitud tiene {n} claves desconocidas",
    "the body must have at most {n} bytes": "el cuerpo debe tener como máximo {n} bytes",
    "the body must have at most {n} bytes once it is decompressed": "el cuerpo debe tener como máximo {n}"
    " bytes una vez descomprimido",
    "the content encoding must be gzip or identity, got {}": "la codificación del contenido debe ser gzip o"
    " identity, y es {}",
    "the content encoding is gzip, but the body is not one complete gzip member": "la codificación del"
    " contenido es gzip, pero el cuerpo no es un único bloque gzip completo",
    "the content encoding is gzip, but the body is not: {}": "la codificación del contenido es gzip, pero el"
    " cuerpo no lo es",
    "expected UTF-8 without a byte-order mark, got one of {}": "se esperaba UTF-8 sin marca de orden de"
    " bytes, y tiene una de {}",
    "the charset must be utf-8, got {}": "el juego de caracteres debe ser utf-8, y es {}",
    "a request must have one Host header, got {}": "una solicitud debe tener una sola cabecera Host",
    "the Host header must be a host and a port": "la cabecera Host debe ser un host y un puerto",
    "a request of HTTP/1.0 must not have a Transfer-Encoding header": "una solicitud de HTTP/1.0 no debe"
    " tener la cabecera Transfer-Encoding",
    "Transfer-Encoding must be chunked, and nothing else": "Transfer-Encoding debe ser chunked, y nada más",
    "the headers must have at most {n} bytes": "las cabeceras deben tener como máximo {n} bytes",
    "a line must have at most {n} bytes, got {n}": "una línea debe tener como máximo {n} bytes, y tiene {n}",
    "a request must have at most {n} bytes, got {n}, in /{n}": "una solicitud debe tener como máximo {n}"
    " bytes, y tiene {n} en /{n}",
    "a request must arrive within {n} s": "una solicitud debe llegar en {n} s",
    "a batch must have at most {n} lines, got more": "un lote debe tener como máximo {n} líneas, y tiene más",
    "the content type must be {}, got {}": "el tipo de contenido debe ser {}, y es {}",
    "the request is not valid HTTP": "la solicitud no es HTTP válido",
    "an API key is required, as `Authorization: Bearer KEY` or `X-API-Key: KEY`": "se necesita una clave"
    " de la API, como `Authorization: Bearer CLAVE` o `X-API-Key: CLAVE`",
    "Idempotency-Key must be 1 to 255 visible ASCII characters": "Idempotency-Key debe tener de 1 a 255"
    " caracteres ASCII visibles",
    "this Idempotency-Key was used with another request: use a new one": "esta Idempotency-Key se usó con"
    " otra solicitud: use una nueva",
    "the first request with this Idempotency-Key is still being answered: retry later": "la primera solicitud"
    " con esta Idempotency-Key todavía se está respondiendo: inténtelo más tarde",
    "internal server error; see the server's log": "error interno del servidor; consulte su registro",
    "the answer is not sent, because it cannot be logged: {}": "la respuesta no se envía, porque no se puede"
    " registrar",
    "no run is served yet": "todavía no se sirve ninguna ejecución",
    "this run has no catalogue": "esta ejecución no tiene catálogo",
    "logged answers are shown only to clients with an API key, and this server has no keys: make one with"
    " planrec serve --new-key, and set PLANREC_ACCESS__KEY_HASHES": "las respuestas registradas solo se"
    " muestran a clientes con una clave de la API, y este servidor no tiene claves: cree una con planrec"
    " serve --new-key y ponga PLANREC_ACCESS__KEY_HASHES",
    "the state of this campaign cannot be read: delete it and start it again": "no se puede leer el estado de"
    " esta campaña: bórrela y vuelva a empezarla",
    "a page of another origin may not do this; set PLANREC_ACCESS__CORS_ORIGINS to allow its origin": "una"
    " página de otro origen no puede hacer esto; ponga su origen en PLANREC_ACCESS__CORS_ORIGINS",
    "no such run": "no existe esa ejecución",
    "no such answer in the decision log": "esa respuesta no está en el registro de decisiones",
    "from must not be after to": "from no debe ser posterior a to",
    "the decision log cannot be read now; see the server's log": "el registro de decisiones no se"
    " puede leer ahora; consulte el registro del servidor",
    "the run cannot be read: {}": "la ejecución no se puede leer: {}",
    "the answer cannot be computed again: {}": "la respuesta no se puede calcular de nuevo: {}",
    "parameters cannot be accepted: {}": "no se aceptan los parámetros: {}",
    "parameters cannot be accepted": "no se aceptan los parámetros",
    # Verdicts of comparisons, and warnings about runs.
    "no verdict: the runs cannot be compared in pairs ({})": "sin veredicto: las ejecuciones no se"
    " pueden comparar por pares ({})",
    "no verdict: not both runs have {}; choose a metric that both have: {}": "sin veredicto: alguna de"
    " las dos ejecuciones no tiene {}; elija una métrica que ambas tengan: {}",
    "no verdict: not both runs have {}": "sin veredicto: alguna de las dos ejecuciones no tiene {}",
    "A and B are the same in {}, in every draw": "A y B son iguales en {}, en todas las muestras",
    "the data is too small to separate A from B by {}": "los datos no bastan para distinguir A de B por {}",
    "A is better in {}": "A es mejor en {}",
    "B is better in {}": "B es mejor en {}",
    "{} is {} and must be at most {}: too many subscribers would pay more; {} keeps it below a limit; higher"
    " policy.absolute or policy.relative advise fewer moves": "{} es {} y debe ser como máximo {}: demasiados"
    " clientes pagarían más; {} lo mantiene bajo un límite; con policy.absolute o policy.relative más altos"
    " se aconsejan menos cambios",
    "a search chose this configuration by its results on the decisions reported here: the figures"
    " are too optimistic": "una búsqueda eligió esta configuración por sus resultados en las mismas"
    " decisiones: las cifras son demasiado optimistas",
    "these plans were added without training: model and metrics are those of run {}, on the"
    " plans of {}": "estos planes se añadieron sin entrenar: el modelo y las"
    " métricas son las de la ejecución {}, con los planes de {}",
    "this server has no decision log": "este servidor no tiene registro de decisiones",
    "the outcomes cannot be stored now: send them again later": "los resultados no se pueden guardar ahora:"
    " envíelos de nuevo más tarde",
    "recommendation_id or subscriber must be given": "es obligatorio recommendation_id o subscriber",
    "month and usage must be given if the event is month": "month y usage son obligatorios si event es month",
    "at most {n} campaigns are scored at a time: try again later": "se calculan como máximo {n} campañas a la"
    " vez: inténtelo más tarde",
    "at most {n} campaigns are kept: delete one of yours": "se guardan como máximo {n} campañas: borre una de"
    " las suyas",
    "there is no such campaign, or its time is over": "no existe esa campaña, o su plazo ha terminado",
    "this campaign has no advice: its state is {}": "esta campaña no tiene consejos: su estado es {}",
    "the server has no room for the files: try again later": "el servidor no tiene espacio para los ficheros:"
    " inténtelo más tarde",
    "the process that scored the file has ended: the server was stopped, or memory or the disk was full": "el"
    " proceso que calculaba el fichero ha terminado: el servidor se detuvo, o la memoria o el disco se llenó",
    "the disk of the server is full": "el disco del servidor está lleno",
    "the file needs more memory than the server has": "el fichero necesita más memoria de la que tiene el"
    " servidor",
    "the run that was served when the campaign began has changed: start it again": "la ejecución que se"
    " servía cuando empezó la campaña ha cambiado: empiécela de nuevo",
    "months cannot be scored by the run {}": "la ejecución {} no puede calcular el fichero de meses",
    "must have at most {n} bytes": "debe tener como máximo {n} bytes",
    "must be given once": "se debe dar una sola vez",
    "must be a file": "debe ser un fichero",
    "must be JSON text and not a file": "debe ser texto JSON y no un fichero",
    "must be sent as a file, beside the settings": "se debe enviar como fichero, junto a los ajustes",
    "must be a JSON object with the settings of the campaign": "debe ser un objeto JSON con los ajustes de la"
    " campaña",
    "no placeholder {}; allowed: {}": "no existe el marcador {}; se admiten: {}",
    "must be a day, or a day and a time such as 2026-12-01T10:00": "debe ser un día, o un día y una hora como"
    " 2026-12-01T10:00",
    "no time zone {}": "no existe la zona horaria {}",
    "must have at most {n} characters without its placeholders, has {n}": "debe tener como máximo {n}"
    " caracteres sin sus marcadores, y tiene {n}",
    "the text of a message must not be blank": "el texto del mensaje no debe estar vacío",
    "{}: write {{ and }} for braces of your own": "escriba {{ y }} para sus propias llaves",
    "windows and cool_down_days need a contact_history, which is missing": "windows y cool_down_days"
    " necesitan el fichero contact_history, y no está",
    "every window must have other days, got {}": "cada ventana debe tener otros días, y se dan {}",
    "no such file": "no existe ese fichero",
    # Notes about the file of a campaign.
    "numbers with a decimal comma (12,5 is twelve and a half): column {}": "números con coma decimal (12,5"
    " es doce y medio): columna {}",
    "numbers with separators of thousands: column '{}' ('{}' is {n})": "números con separadores de"
    " millares: columna '{}' ('{}' es {n})",
    "column '{}': '{}' is read as {}; no cell of the file shows its decimal mark; if it is {}, type {}": ""
    "columna '{}': '{}' se lee como {}; ninguna celda del fichero muestra su signo decimal; si es {},"
    " escriba {}",
    "column '{}': '{}' is read as {}, because commas separate the cells of the file; if it is {}, type {}": ""
    "columna '{}': '{}' se lee como {}, porque las comas separan las celdas del fichero; si es {}, escriba"
    " {}",
    "column '{}': '{}' is read as {}, because column '{}' has '{}'; if it is {}, type {}": "columna '{}':"
    " '{}' se lee como {}, porque la columna '{}' tiene '{}'; si es {}, escriba {}",
    "{n} month(s) have rows on several plans: usage is added up, the last row names the plan held": "meses"
    " con filas de varios planes: {n}; su consumo se suma, y la última fila nombra el plan contratado",
    "usage '{}' is tiny against every allowance of the catalogue: 95 % of the months are below {n}, the"
    " smallest allowance is {n}; if the file counts in {}, type {}": "el consumo '{}' es mínimo frente a"
    " todo lo incluido en los planes: el 95 % de los meses está por debajo de {n}, y lo menos incluido es"
    " {n}; si el fichero cuenta en {}, escriba {}",
    "usage '{}' is tiny against every allowance of the catalogue: 95 % of the months are below {n}, the"
    " smallest allowance is {n}": "el consumo '{}' es mínimo frente a todo lo incluido en los planes: el"
    " 95 % de los meses está por debajo de {n}, y lo menos incluido es {n}",
    "usage '{}' is huge against every allowance of the catalogue: half of the months are above {n}, the"
    " largest allowance is {n}; if the file counts in {}, type {}": "el consumo '{}' es enorme frente a"
    " todo lo incluido en los planes: la mitad de los meses está por encima de {n}, y lo más incluido es"
    " {n}; si el fichero cuenta en {}, escriba {}",
    "usage '{}' is huge against every allowance of the catalogue: half of the months are above {n}, the"
    " largest allowance is {n}": "el consumo '{}' es enorme frente a todo lo incluido en los planes: la"
    " mitad de los meses está por encima de {n}, y lo más incluido es {n}",
    "1 title line above the header left out: {}": "1 línea de título encima de la cabecera, omitida: {}",
    "{n} title lines above the header left out: {}": "{n} líneas de título encima de la cabecera,"
    " omitidas: {}",
    "blanks in {n} column name(s) are read as one blank: {}": "los espacios seguidos de un nombre de"
    " columna se leen como uno solo, en {n}: {}",
    "column '{}' is in the time zone '{}': days and months are read as in that zone": "la columna '{}'"
    " está en la zona horaria '{}': los días y los meses se leen en esa zona",
    "sheet '{}' is read, the other sheets are empty": "se lee la hoja '{}'; las demás están vacías",
    "the first line names the separator of cells, '{}', and is not the header": "la primera línea nombra"
    " el separador de las celdas, '{}', y no es la cabecera",
    "Not Found": "no existe esta ruta",
    "Method Not Allowed": "esta ruta no admite este método",
    # Values as a whole.
    "1 value cannot be accepted": "1 valor no se puede aceptar",
    "{n} values cannot be accepted": "{n} valores no se pueden aceptar",
    "more than {n} values cannot be accepted; the first {n} are listed": "más de {n} valores no se pueden"
    " aceptar; se muestran los primeros {n}",
    "; the lines of a batch list {n} in total, {n} of them here": "; las líneas de un lote muestran {n} en"
    " total, {n} de ellos aquí",
    "must be a list of 1 to {n} requests, got none": "debe ser una lista de 1 a {n} solicitudes, y no tiene"
    " ninguna",
    "must be a list of 1 to {n} requests, got more": "debe ser una lista de 1 a {n} solicitudes, y tiene más",
    "must be a list of 1 to {n} requests, got {}": "debe ser una lista de 1 a {n} solicitudes, y es {}",
    # Months, days and plans.
    "each month may be given once, got {} more than once": "cada mes se puede dar una sola vez, y se repite"
    " {}",
    "months must be over, but {} is not: it is {} now": "los meses deben haber terminado, y {} no ha"
    " terminado: ahora es {}",
    "must be given if months is empty": "es obligatorio si months está vacío",
    "must be a day of the calendar: {}": "debe ser un día del calendario",
    "must be a date of the calendar: {}": "debe ser una fecha del calendario",
    "must be a day as 2018-05-15, or an instant as 2018-05-15T09:30:00Z": "debe ser un día como 2018-05-15 o"
    " un instante como 2018-05-15T09:30:00Z",
    "must be in the month after the last one given, {}; give the months in between, with zeros if nothing was"
    " used": "debe estar en el mes siguiente al último que se da, {}; dé los meses intermedios, con ceros si"
    " no hubo consumo",
    "must hold a month if there is no as_of: the decision follows the last month": "debe contener un mes si"
    " no hay as_of: la decisión sigue al último mes",
    "every decision must have its instant": "cada decisión debe tener su fecha",
    "decisions must lie inside the validity of the plans": "las decisiones deben estar dentro de la vigencia"
    " de los planes",
    "no plan is valid on {}, the day of the decision": "ningún plan está vigente el {}, el día de la"
    " decisión",
    "{} was not valid the day before the decision of {}": "{} no estaba vigente el día anterior a la decisión"
    " del {}",
    # Rules of types and limits: `planrec.files.validation_errors` words them.
    "must be given and is missing": "es obligatorio y falta",
    "no such key": "no existe este campo",
    "must be {n} or more": "debe ser mayor o igual que {n}",
    "must be {n} or less": "debe ser menor o igual que {n}",
    "must be greater than {n}": "debe ser mayor que {n}",
    "must be less than {n}": "debe ser menor que {n}",
    "must be a number": "debe ser un número",
    "must be a finite number": "debe ser un número finito",
    "must be a whole number": "debe ser un número entero",
    "must be a shorter whole number": "debe ser un entero menos largo",
    "must be text": "debe ser un texto",
    "must be true or false": "debe ser true o false",
    "must be a list": "debe ser una lista",
    "must be an object": "debe ser un objeto",
    "must have {n} or more characters": "debe tener {n} o más caracteres",
    "must have {n} or fewer characters": "debe tener {n} o menos caracteres",
    "must match the pattern {}": "debe tener la forma {}",
    "must have {n} or more entries, got {n}": "debe tener {n} o más elementos, y tiene {n}",
    "must have {n} or fewer entries, got {n}": "debe tener {n} o menos elementos, y tiene {n}",
    "must be '{}' or '{}'": "debe ser '{}' o '{}'",
    "must be '{}'": "debe ser '{}'",
}
"The first entry that fits is used."
