// @ts-check
// Preloaded into the launched process: when its launcher is gone, however it ended, this process is asked to
// stop like by any supervisor. Without it a killed `npm start` would leave the services holding their ports.
if (process.channel) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}
