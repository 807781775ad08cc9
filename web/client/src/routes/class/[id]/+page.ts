import { mediaDevice } from '#net/media/device.ts';

/** Begins what takes longest with the click, while the page is still being put together. */
export const load = async ({ params, parent }) => {
  const { app } = await parent();
  void mediaDevice().catch(() => undefined);
  if (app.session.state.state !== 'in') return { ticket: undefined };
  const ticket = app.api.call('ticket', { params: { id: params.id } });
  // Whoever awaits it hears of a failure; nobody else need to.
  ticket.catch(() => undefined);
  return { ticket };
};
