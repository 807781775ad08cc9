// Runs before the first paint, so that a page never flashes in the other theme.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('keshi.theme');
  } catch (_) {
    /* Storage can be forbidden; the system's theme is used then. */
  }
  var dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
