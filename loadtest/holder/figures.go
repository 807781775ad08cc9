package main

import (
	"encoding/json"
	"os"
	"slices"
	"sync"
	"sync/atomic"
)

// The names and shapes of k6's summary, so that both can be added up.
type figures struct {
	joined, refusedForNow, connectFailures, unexpectedDisconnects atomic.Int64
	stormDisconnects, stormFailures, rejoined, churned            atomic.Int64
	beats, frames, broadcastsHeard, quizAnswers, refusedCommands  atomic.Int64
	joinMs, rejoinMs, beatAckMs, broadcastMs, quizAckMs           trend
	whyMutex                                                      sync.Mutex
	why                                                           map[string]int64
}

func newFigures() *figures { return &figures{why: map[string]int64{}} }

// because counts a refusal or a failure by its reason.
func (f *figures) because(reason string) {
	f.whyMutex.Lock()
	f.why[reason]++
	f.whyMutex.Unlock()
}

type trend struct {
	mutex  sync.Mutex
	values []float64
}

func (t *trend) add(value float64) {
	t.mutex.Lock()
	t.values = append(t.values, value)
	t.mutex.Unlock()
}

type metric struct {
	Type       string             `json:"type"`
	Values     map[string]float64 `json:"values"`
	Thresholds map[string]held    `json:"thresholds,omitempty"`
}
type held struct {
	OK bool `json:"ok"`
}

func counted(value int64) metric {
	return metric{Type: "counter", Values: map[string]float64{"count": float64(value)}}
}

func (m metric) must(threshold string, ok bool) metric {
	m.Thresholds = map[string]held{threshold: {ok}}
	return m
}

func (t *trend) metric() metric {
	slices.Sort(t.values)
	at := func(share float64) float64 {
		if len(t.values) == 0 {
			return 0
		}
		return t.values[min(len(t.values)-1, int(share*float64(len(t.values))))]
	}
	return metric{Type: "trend", Values: map[string]float64{
		"count": float64(len(t.values)), "min": at(0), "med": at(0.5), "p(95)": at(0.95), "p(99)": at(0.99), "max": at(1),
	}}
}

func (f *figures) write(path string, asked *settings) error {
	own := int64(asked.Own)
	none := func(count *atomic.Int64) metric { return counted(count.Load()).must("count==0", count.Load() == 0) }
	told := map[string]metric{
		"joined":                 counted(f.joined.Load()).must("everybody", f.joined.Load() >= own),
		"refused_for_now":        counted(f.refusedForNow.Load()),
		"connect_failures":       none(&f.connectFailures),
		"unexpected_disconnects": none(&f.unexpectedDisconnects),
		"refused_commands":       none(&f.refusedCommands),
		"beats":                  counted(f.beats.Load()),
		"frames":                 counted(f.frames.Load()),
		"broadcasts_heard":       counted(f.broadcastsHeard.Load()),
		"quiz_answers":           counted(f.quizAnswers.Load()),
		"join_ms":                f.joinMs.metric(),
		"beat_ack_ms":            f.beatAckMs.metric(),
		"broadcast_ms":           f.broadcastMs.metric(),
		"quiz_ack_ms":            f.quizAckMs.metric(),
	}
	if asked.StormAtMs > 0 {
		told["storm_disconnects"] = counted(f.stormDisconnects.Load()).must("everybody once", f.stormDisconnects.Load() == own)
		told["rejoined"] = counted(f.rejoined.Load()).must("everybody", f.rejoined.Load() == own)
		told["storm_failures"] = counted(f.stormFailures.Load())
		told["rejoin_ms"] = f.rejoinMs.metric()
	}
	if asked.ChurnPercent > 0 {
		told["churned"] = counted(f.churned.Load())
	}
	for reason, count := range f.why {
		told["because_"+reason] = counted(count)
	}
	content, err := json.Marshal(told)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
