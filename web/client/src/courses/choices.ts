import type { Audience, PackageType } from '@keshi/contract/courses';

export const audiences: readonly Audience[] = [
  'anyone',
  'employed',
  'unemployed',
  'graduates',
  'rural-workers',
  'veterans',
  'disabled',
];
export const packageTypes: readonly PackageType[] = ['general', 'professional-basis', 'operational'];
