// Viewers is a load tool: many light viewers of one class, each with a socket and a WebRTC transport of its own, and a
// publisher they watch. It decodes nothing and draws nothing; it says when the first packets of sound and picture came.
//
// It reads a plan (plan.go) as JSON from its standard input and prints one JSON line for each thing that happened:
// {"type":"published"}, then {"type":"viewer",…} for every viewer, then {"type":"done"}. A plan that cannot be read or
// a publisher that cannot publish ends it with 1 and a line on standard error.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

var printing sync.Mutex

func say(line any) {
	printing.Lock()
	defer printing.Unlock()
	_ = json.NewEncoder(os.Stdout).Encode(line)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "viewers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	plan, err := readPlan(os.Stdin)
	if err != nil {
		return err
	}
	who, err := newIdentity()
	if err != nil {
		return err
	}
	if plan.Publisher != nil {
		publishing, err := startPublisher(ctx, plan, who)
		if err != nil {
			return fmt.Errorf("publisher: %w", err)
		}
		defer publishing.close()
	}
	say(map[string]string{"type": "published"})

	began := time.Now()
	end := began.Add(plan.last() + plan.patience() + plan.stay())
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	var all sync.WaitGroup
	settled := newCountdown(len(plan.Viewers))
	go func() {
		settled.wait(ctx)
		select {
		case <-time.After(plan.stay()):
		case <-ctx.Done():
		}
		cancel()
	}()
	for n, one := range plan.Viewers {
		all.Add(1)
		go func() {
			defer all.Done()
			select {
			case <-time.After(time.Duration(one.AtMs)*time.Millisecond - time.Since(began)):
			case <-ctx.Done():
				return
			}
			say(watch(ctx, plan, who, n, one.Ticket, settled.done))
		}()
	}
	all.Wait()
	say(map[string]string{"type": "done"})
	return nil
}

// countdown tells when so many have reported.
type countdown struct {
	left chan struct{}
	size int
}

func newCountdown(size int) *countdown {
	return &countdown{left: make(chan struct{}, size), size: size}
}

func (c *countdown) done() { c.left <- struct{}{} }

func (c *countdown) wait(ctx context.Context) {
	for range c.size {
		select {
		case <-c.left:
		case <-ctx.Done():
			return
		}
	}
}
