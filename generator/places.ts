// Where the files lie that this program reads beside itself: the same in a checkout, under generator/, and beside the bundle.

/** The folder of the templates. */
export const TEMPLATES_FOLDER = new URL("./templates/", import.meta.url);

/** The JSON Schema of the config, for editors. */
export const SCHEMA_FILE = new URL("./config/cluster.schema.json", import.meta.url);
