package main

import (
	"sync"
	"time"
)

// beatEvery is how finely beats are timed. What falls into the same moment is sent together: waking up for each of a
// hundred thousand would cost the machine more than what they say.
const beatEvery = 50 * time.Millisecond

// beatWheel has visits beat when they are due, all of them from one goroutine.
type beatWheel struct {
	mutex sync.Mutex
	due   map[int64][]*visit
}

func newBeatWheel() *beatWheel { return &beatWheel{due: map[int64][]*visit{}} }

func slotOf(at time.Time) int64 { return at.UnixNano() / int64(beatEvery) }

func (w *beatWheel) add(v *visit, after time.Duration) {
	slot := slotOf(time.Now().Add(after))
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.due[slot] = append(w.due[slot], v)
}

func (w *beatWheel) take(slot int64) []*visit {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	taken := w.due[slot]
	delete(w.due, slot)
	return taken
}

// run never returns. A slot that could not be served in its time is served with the next.
func (w *beatWheel) run() {
	next := slotOf(time.Now())
	for range time.Tick(beatEvery) {
		for now := slotOf(time.Now()); next < now; next++ {
			for _, v := range w.take(next) {
				if v.isOver.Load() {
					continue
				}
				v.beat()
				w.add(v, v.every)
			}
		}
	}
}
