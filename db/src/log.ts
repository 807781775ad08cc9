/** What this package needs of a logger; a pino child logger is one. Fields never carry personal data. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
