// The inspector: requests as they come, and the log each time they have come to rest.

import { follow, refresh } from "./live.js";

const AT_REST_MS = 1500;
let timer = null;

follow((name) => {
  if (name !== "wire") return;
  clearTimeout(timer);
  timer = setTimeout(() => refresh("log"), AT_REST_MS);
});
