import { AppError } from '@keshi/runtime/errors';

/**
 * Length does the work (the contract asks for ten characters); beyond it only what every guesser tries first is
 * refused: the login itself, one character over and over, and runs such as 1234567890. Throws `invalid-input`.
 */
export function demandGoodPassword(password: string, login: string, field: string): void {
  const folded = password.toLowerCase();
  const bad =
    folded.includes(login.toLowerCase()) ||
    new Set(folded).size < 4 ||
    isRun(folded) ||
    wellKnown.has(folded);
  if (bad) throw new AppError('invalid-input', { fields: [field] });
}

const wellKnown = new Set([
  '1234567890',
  '0123456789',
  'password123',
  'passw0rd123',
  'qwertyuiop',
  'administrator',
  'woaini1314',
  'a123456789',
]);

function isRun(text: string): boolean {
  const steps = [...text].map(
    (char, index) => (text.codePointAt(index + 1) ?? NaN) - (char.codePointAt(0) ?? NaN),
  );
  return steps.slice(0, -1).every((step) => step === steps[0] && Math.abs(step) <= 1);
}
