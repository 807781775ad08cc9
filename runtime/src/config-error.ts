/** Everything wrong with the configuration at once. The message is made to be printed as it is, without a stack. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const lines = problems.map((problem) => `  - ${problem}`).join('\n');
    super(`The configuration cannot be used:\n${lines}`);
    this.problems = problems;
  }
}
