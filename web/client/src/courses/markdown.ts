import MarkdownIt from 'markdown-it';

/** HTML in the text stays text, and links lead out of the product only by http(s): what comes out is safe to show. */
const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true });
markdown.validateLink = (url) => /^(https?:\/\/|mailto:|#|\/)/i.test(url.trim()) && !url.startsWith('//');
const plainOpen = markdown.renderer.rules.link_open;
markdown.renderer.rules.link_open = (tokens, at, options, env, self) => {
  tokens[at]?.attrSet('rel', 'noopener noreferrer');
  tokens[at]?.attrSet('target', '_blank');
  return plainOpen ? plainOpen(tokens, at, options, env, self) : self.renderToken(tokens, at, options);
};

export function htmlOf(text: string): string {
  return markdown.render(text);
}
