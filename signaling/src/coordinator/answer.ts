/** What a coordinator answers, whether it is asked on its own node or over the bus. */
import type { Boards } from '../board/boards.ts';
import type { Coordinator } from './coordinator.ts';
import { parseCommand, type ClassRequest } from './messages.ts';

export async function answerRequest(
  coordinator: Coordinator,
  request: ClassRequest,
  boards: Pick<Boards, 'watch'>,
): Promise<unknown> {
  switch (request.kind) {
    case 'command':
      return coordinator.command(request.actor, parseCommand(request.name, request.request));
    case 'enter':
      return coordinator.enter(request.presence, request.lastSeq, request.placing);
    case 'leave':
      coordinator.leave(request.userId, request.connectionId, request.orderly);
      return {};
    case 'present':
      coordinator.present(request.members);
      return {};
    case 'since':
      return { events: coordinator.since(request.seq) };
    case 'may-publish':
      return coordinator.mayPublish(request.userId);
    case 'place-media':
      return coordinator.placeMedia(request.userId, request.placing);
    case 'roster':
      return coordinator.roster(request);
    case 'identity':
      return { asked: coordinator.checks.demand(request.userId, request.notice) };
    case 'board':
      return boards.watch(coordinator, request);
  }
}
