import type { IdentityQueueRow } from '@keshi/contract/http/identity';
import type { Catalogue } from '#i18n/zh-CN/catalogue.ts';

/** What the authority said, of name and number and, where it compared one, of the picture. */
export function authorityWords({ authority, photo }: IdentityQueueRow, t: Catalogue): string {
  const said = t.identity.queue.authorities[authority];
  return photo ? `${said}${t.common.comma}${t.identity.queue.photos[photo]}` : said;
}
