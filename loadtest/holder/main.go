// Holds the members of a load that k6 has no room for: one goroutine and a few kilobytes each, with the same plan, the
// same protocol and the same figures. It only connects, joins, beats, listens and answers the quiz; whoever chats, asks
// and teaches is played by k6.
package main

import (
	"encoding/json"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

const gcPercent = 400

type settings struct {
	StartAtMs int64   `json:"startAtMs"`
	RampMs    float64 `json:"rampMs"`
	HoldMs    float64 `json:"holdMs"`
	Members   int     `json:"members"`
	Own       int     `json:"own"`
	// Of the members of all classes but the first, how many in a hundred leave and come back in a minute.
	ChurnPercent float64 `json:"churnPercent"`
	// When every signaling node is killed; 0 for never.
	StormAtMs int64 `json:"stormAtMs"`
	Lively    *struct {
		QuizWithinMs float64 `json:"quizWithinMs"`
	} `json:"lively"`
}

type planned struct {
	URL     string `json:"url"`
	Ticket  string `json:"ticket"`
	ClassAt int    `json:"classAt"`
	N       int    `json:"n"`
	At      int    `json:"at"`
}

type plan struct {
	Settings settings  `json:"settings"`
	Members  []planned `json:"members"`
}

func main() {
	// Several holders share the machine with what they measure: none looks for work on another core, or collects early.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(gcPercent)
	content, err := os.ReadFile(os.Getenv("PLAN"))
	if err != nil {
		log.Fatal(err)
	}
	var asked plan
	if err := json.Unmarshal(content, &asked); err != nil {
		log.Fatal(err)
	}
	content = nil
	ends := time.UnixMilli(asked.Settings.StartAtMs).
		Add(time.Duration((asked.Settings.RampMs + asked.Settings.HoldMs) * float64(time.Millisecond)))
	figures := newFigures()
	wheel := newBeatWheel()
	go wheel.run()
	var everybody sync.WaitGroup
	for n := range asked.Members {
		each := &member{planned: asked.Members[n], settings: &asked.Settings, figures: figures, wheel: wheel, ends: ends, place: n}
		everybody.Go(each.attend)
	}
	everybody.Wait()
	if err := figures.write(os.Getenv("SUMMARY"), &asked.Settings); err != nil {
		log.Fatal(err)
	}
}
