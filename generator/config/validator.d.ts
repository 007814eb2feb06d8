// Types of validator.js, which Ajv writes.
import type { ErrorObject } from "ajv";

/** Holds a value against the schema and fills in its defaults, in place. */
export const validate: {
  (value: unknown): boolean;
  errors?: readonly ErrorObject[] | null;
};
