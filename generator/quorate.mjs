#!/usr/bin/env node
// The bin behind `npx quorate`: TypeScript as it is, by way of tsx.
import { register } from "tsx/esm/api";

register();
await import("./cli.ts");
