import type { DemoAccount } from '@keshi/db/demo';

/** What a person at the terminal wants to know; the log is for machines. */
export function say(address: string, accounts: readonly DemoAccount[]): void {
  const lines = ['', `  课时 Keshi   ${address}`, ''];
  if (accounts.length > 0) {
    const roles = Map.groupBy(accounts, ({ role }) => role);
    const width = Math.max(...[...roles.keys()].map((role) => role.length));
    lines.push(`  Demo accounts, password ${accounts[0]?.password}:`, '');
    for (const [role, of] of roles) {
      const [first, last] = [of[0], of.at(-1)];
      const logins =
        of.length > 2 ? `${first?.login} … ${last?.login}` : of.map(({ login }) => login).join(', ');
      lines.push(`    ${role.padEnd(width)}   ${logins}`);
    }
    lines.push('');
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
