/** What loads and benches start beside the product. */
import { ensureDebianPackages } from '../../start/install/debian-packages.mjs';

/** Rejects where they are not installed and cannot be. */
export const ensureServers = () => ensureDebianPackages(['postgresql', 'redis-server'], 'loads and benches');

/** Rejects where it is not installed and cannot be. */
export const ensureBrowser = () => ensureDebianPackages(['chromium', 'fonts-noto-cjk'], 'this bench');
