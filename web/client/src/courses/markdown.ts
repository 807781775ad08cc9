import MarkdownIt from 'markdown-it';

/** HTML in the text stays text, and links lead out of the product only by http(s): what comes out is safe to show. */
const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true });
markdown.validateLink = (url) =>
  /^(https?:\/\/|mailto:|#|\/|picture:)/i.test(url.trim()) && !url.startsWith('//');
const plainOpen = markdown.renderer.rules.link_open;
markdown.renderer.rules.link_open = (tokens, at, options, env, self) => {
  // A picture is shown and not led to.
  if (String(tokens[at]?.attrGet('href')).startsWith('picture:')) tokens[at]?.attrSet('href', '#');
  tokens[at]?.attrSet('rel', 'noopener noreferrer');
  tokens[at]?.attrSet('target', '_blank');
  return plainOpen ? plainOpen(tokens, at, options, env, self) : self.renderToken(tokens, at, options);
};

/** Only pictures of the text's own lesson are shown; in place of any other stands what it is said to show. */
markdown.renderer.rules.image = (tokens, at, options, env, self) => {
  const token = tokens[at];
  if (!token) return '';
  const alt = self.renderInlineAsText(token.children ?? [], options, env);
  const [, name] = ownPicture.exec(String(token.attrGet('src'))) ?? [];
  const escaped = markdown.utils.escapeHtml(alt);
  const base: unknown = env?.['pictures'];
  if (name === undefined || typeof base !== 'string') return escaped;
  const src = markdown.utils.escapeHtml(base + name);
  return `<img src="${src}" alt="${escaped}" loading="lazy" decoding="async">`;
};
const ownPicture = /^picture:([0-9a-f-]{36}\.jpg)$/;

/** `pictures` is the address of the folder of the text's pictures. */
export function htmlOf(text: string, pictures?: string): string {
  return markdown.render(text, { pictures });
}
