/** The build without subtitles, other sound tracks and encryption, none of which our playlists have; it ships no types. */
declare module 'hls.js/light' {
  export { default, Events, ErrorTypes, type ErrorData, type HlsConfig } from 'hls.js';
}
