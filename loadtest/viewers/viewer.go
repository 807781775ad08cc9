package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// result is what became of one viewer. Times are in ms from the moment it set out to connect; null when it did not
// come to that.
type result struct {
	Type string `json:"type"`
	N    int    `json:"n"`
	// Media, timeout (no sound and picture within the patience) or lost (the way in broke, before or after).
	Outcome string `json:"outcome"`
	Detail  string `json:"detail,omitempty"`
	// The class had been answered.
	JoinedMs *float64 `json:"joinedMs"`
	// ICE and DTLS were done.
	ConnectedMs *float64 `json:"connectedMs"`
	AudioMs     *float64 `json:"audioMs"`
	VideoMs     *float64 `json:"videoMs"`
	// How often it had to ask for the class or its media.
	Tries int `json:"tries"`
	// The port of the worker that serves it.
	Port uint16 `json:"port"`
}

// viewer is one person watching; its goroutine alone touches everything but marks.
type viewer struct {
	plan  *plan
	who   *identity
	began time.Time
	way   door

	mutex  sync.Mutex
	result result
	// Closed once sound and picture are there.
	complete chan struct{}
}

// watch joins, waits for media and stays until ctx ends; settled is called once, when media are there or given up.
func watch(ctx context.Context, p *plan, who *identity, n int, ticket string, settled func()) result {
	v := &viewer{
		plan: p, who: who, began: time.Now(),
		result:   result{Type: "viewer", N: n, Outcome: "timeout"},
		complete: make(chan struct{}),
	}
	settle := sync.OnceFunc(settled)
	defer settle()
	patient, cancel := context.WithTimeout(ctx, p.patience())
	defer cancel()
	go func() {
		select {
		case <-v.complete:
		case <-patient.Done():
		}
		settle()
	}()

	joined, err := v.enter(patient, ticket)
	if err != nil {
		return v.ended(err)
	}
	err = v.stay(ctx, patient, joined)
	leaving, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	v.way.leave(leaving)
	return v.ended(err)
}

// enter comes back as often as it is told to within its patience.
func (v *viewer) enter(ctx context.Context, ticket string) (*joinReply, error) {
	for {
		v.result.Tries++
		way, err := open(ctx, v.plan, ticket)
		if err == nil {
			var joined *joinReply
			if joined, err = way.join(ctx); err == nil {
				v.way = way
				v.mark(&v.result.JoinedMs)
				return joined, nil
			}
			way.leave(ctx)
		}
		if !v.pause(ctx, err) {
			return nil, err
		}
	}
}

// What a page tries again without being told when.
const retryAfter = time.Second

// pause waits until it may be tried again; false when that would be in vain, as with a refusal that is final, or when
// there is no time left.
func (v *viewer) pause(ctx context.Context, err error) bool {
	wait := retryAfter
	var refused *refusal
	if errors.As(err, &refused) {
		switch {
		case refused.RetryMs > 0:
			wait = time.Duration(refused.RetryMs) * time.Millisecond
		case refused.Code == "unavailable" || refused.Code == "media-unavailable" || refused.Code == "internal":
		default:
			return false
		}
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

func (v *viewer) stay(ctx, patient context.Context, joined *joinReply) error {
	beats := make(<-chan time.Time)
	if beatMs := joined.Snapshot.You.BeatMs; beatMs > 0 {
		ticker := time.NewTicker(time.Duration(beatMs) * time.Millisecond)
		defer ticker.Stop()
		beats = ticker.C
	}
	var receiving *transport
	defer func() {
		if receiving != nil {
			receiving.stop()
		}
	}()
	begin := func(ctx context.Context, media *mediaReply) error {
		if media.Mode == "hls" {
			return &refusal{Code: "hls"}
		}
		if media.Resumed && receiving != nil {
			return v.expect(receiving, media.Consumers)
		}
		if receiving != nil {
			receiving.stop()
		}
		var err error
		receiving, err = v.receive(ctx, media)
		return err
	}
	// settle goes on until media are there, or it would be in vain.
	settle := func(ctx context.Context, media *mediaReply) error {
		for {
			err := begin(ctx, media)
			if err == nil || !v.pause(ctx, err) {
				return err
			}
			if media, err = v.rejoin(ctx, false); err != nil {
				return err
			}
		}
	}
	if joined.Media != nil {
		if err := settle(patient, joined.Media); err != nil {
			return err
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-v.way.gone():
			return errors.New("the socket was lost")
		case <-beats:
			v.way.beat()
		case heard := <-v.way.events():
			switch heard.name {
			case "media.consumer":
				var consumer consumerOptions
				if json.Unmarshal(heard.payload, &consumer) == nil && receiving != nil {
					if err := v.expect(receiving, []consumerOptions{consumer}); err != nil {
						return err
					}
				}
			case "media.reset":
				var reset struct {
					Reason string `json:"reason"`
				}
				_ = json.Unmarshal(heard.payload, &reset)
				again, done := context.WithTimeout(ctx, v.plan.patience())
				media, err := v.rejoin(again, reset.Reason == "resync")
				if err == nil {
					err = settle(again, media)
				}
				done()
				if err != nil {
					return err
				}
			case "goodbye":
				return fmt.Errorf("goodbye: %s", heard.payload)
			}
		}
	}
}

func (v *viewer) rejoin(ctx context.Context, resume bool) (*mediaReply, error) {
	for {
		v.result.Tries++
		media, err := v.way.rejoin(ctx, resume)
		if err == nil || !v.pause(ctx, err) {
			return media, err
		}
	}
}

func (v *viewer) receive(ctx context.Context, media *mediaReply) (*transport, error) {
	t, err := v.who.open(media.RecvTransport)
	if err != nil {
		return nil, err
	}
	if len(t.options.ICECandidates) > 0 {
		v.result.Port = t.options.ICECandidates[0].Port
	}
	if err = v.expect(t, media.Consumers); err == nil {
		err = connect(ctx, v.way, t)
	}
	if err != nil {
		t.stop()
		return nil, err
	}
	v.mark(&v.result.ConnectedMs)
	return t, nil
}

func (v *viewer) expect(t *transport, consumers []consumerOptions) error {
	for _, consumer := range consumers {
		if err := t.expect(consumer, func() { v.first(consumer.Kind) }); err != nil {
			return err
		}
	}
	return nil
}

// mark keeps the first time.
func (v *viewer) mark(at **float64) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if *at == nil {
		ms := float64(time.Since(v.began).Microseconds()) / 1_000
		*at = &ms
	}
}

func (v *viewer) first(kind string) {
	if kind == "audio" {
		v.mark(&v.result.AudioMs)
	} else {
		v.mark(&v.result.VideoMs)
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if v.result.AudioMs != nil && v.result.VideoMs != nil && v.result.Outcome == "timeout" {
		v.result.Outcome = "media"
		close(v.complete)
	}
}

func (v *viewer) ended(err error) result {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if err != nil {
		v.result.Detail = err.Error()
		if !errors.Is(err, context.DeadlineExceeded) {
			v.result.Outcome = "lost"
		}
	}
	return v.result
}
