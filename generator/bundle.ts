// Writes dist/: `npm run bundle`. It is what runs on the LAN runner, where nothing is installed.
import { fileURLToPath } from "node:url";
import { buildBundle } from "./bundle/build.ts";

await buildBundle(fileURLToPath(new URL("../dist", import.meta.url)));
