/** Runs one statement on a backend's database, beside the backend and with its own driver. */
export function changeDatabase({ require }, file, statement) {
  const Database = require('better-sqlite3');
  const database = new Database(file, { fileMustExist: true, timeout: 5000 });
  try {
    database.prepare(statement).run();
  } finally {
    database.close();
  }
}
