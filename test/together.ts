// A program: the test files that it is given, one after the other in this one process. To start a process for each would take longer
// than most of them do.
for (const file of process.argv.slice(2)) await import(file);
