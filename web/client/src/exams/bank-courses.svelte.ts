/** The courses whose bank and exams somebody may see, and the one that is looked at. */
import type { Api, ReplyOf } from '#net/api.ts';
import { createResource, type Resource } from '#net/resource.svelte.ts';

type Reply = ReplyOf<'bankCourses'>;
const key = 'keshi.bank-course';

export class BankCourses {
  readonly resource: Resource<Reply>;
  #chosen = $state<string | null>(sessionStorage.getItem(key));

  constructor(api: Api) {
    this.resource = createResource((signal) => api.call('bankCourses', { signal }));
  }

  get all(): Reply['courses'] {
    return this.resource.data?.courses ?? [];
  }

  get course(): Reply['courses'][number] | undefined {
    // Until somebody chooses, one whose bank has something in it.
    return (
      this.all.find(({ id }) => id === this.#chosen) ??
      this.all.find(({ contentPoints }) => contentPoints.length > 0) ??
      this.all[0]
    );
  }

  choose(id: string) {
    this.#chosen = id;
    sessionStorage.setItem(key, id);
  }
}
