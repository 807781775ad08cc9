package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// member comes at its time and stays to the end, as the member that k6 plays does (loadtest/k6/attendance.ts).
type member struct {
	planned
	settings *settings
	figures  *figures
	wheel    *beatWheel
	ends     time.Time
	place    int
	failures int
	// Since it was last in class.
	attempts  int
	hasJoined bool
	// Since when it has been away because of the storm.
	lostAt time.Time
}

const (
	askForAnswerEvery = 100
	awayWhenLeft      = 10 * time.Second
	mostFailures      = 5
	// As a page is (web/client/src/net/class-socket.ts).
	firstRetry       = 500 * time.Millisecond
	longestRetry     = 15 * time.Second
	announcedSpread  = 0.25
	connectedWithin  = 20 * time.Second
	answeredWithin   = 10 * time.Second
	announcementMark = "@sent:"
	quizOptions      = 4
	joinRequest      = `421["join",{"rtpCapabilities":null,"resume":false,"audioOnly":false,"lastSeq":null,"visible":true,"device":"phone"}]`
	beat             = `["beat",{"visible":true,"rttMs":null}]`
	// Acknowledgements are told apart by their number.
	joinID, beatID, quizID = 1, 2, 3
)

func (m *member) attend() {
	setsOut := time.UnixMilli(m.settings.StartAtMs).
		Add(time.Duration(float64(m.At) * m.settings.RampMs / float64(m.settings.Members) * float64(time.Millisecond)))
	time.Sleep(time.Until(setsOut))
	for time.Now().Before(m.ends) {
		pause := m.visit(setsOut)
		if pause < 0 {
			return
		}
		time.Sleep(min(pause, time.Until(m.ends)))
	}
}

// visit is one connection from its beginning to its end; answers when to come back, negative for never.
func (m *member) visit(setsOut time.Time) time.Duration {
	s, err := dial(m.URL, m.place, m.notAfterTheEnd(connectedWithin))
	if err != nil {
		return m.failed("no_connection")
	}
	defer s.close()
	v := &visit{member: m, socket: s, setsOut: setsOut}
	defer v.over()
	var pause time.Duration
	isOver := false
	err = s.read(func(frame []byte) bool {
		pause, isOver = v.hear(frame)
		return !isOver
	})
	switch {
	case isOver:
		return pause
	case !time.Now().Before(m.ends):
		return -1
	case v.left.Load():
		m.figures.churned.Add(1)
		return time.Duration((0.2 + 0.8*rand.Float64()) * float64(awayWhenLeft))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return m.failed("no_answer")
	case v.connected:
		return m.lost()
	default:
		return m.failed("closed_at_the_door")
	}
}

// notAfterTheEnd is the moment so long from now: the end of the load is the end of the reading.
func (m *member) notAfterTheEnd(within time.Duration) time.Time {
	if at := time.Now().Add(within); at.Before(m.ends) {
		return at
	}
	return m.ends
}

// lost says that a connection broke: in the storm that is what was meant to happen, and otherwise a failure.
func (m *member) lost() time.Duration {
	if at := m.settings.StormAtMs; at > 0 && time.Now().UnixMilli() >= at {
		m.figures.stormDisconnects.Add(1)
		m.lostAt = time.Now()
	} else {
		m.figures.unexpectedDisconnects.Add(1)
	}
	return m.backoff()
}

// backoff is how long a page waits that was told nothing: longer each time, and never in step with others.
func (m *member) backoff() time.Duration {
	ceiling := min(longestRetry, firstRetry<<min(m.attempts, 10))
	m.attempts++
	return ceiling/2 + time.Duration(rand.Float64()*float64(ceiling/2))
}

func (m *member) failed(reason string) time.Duration {
	m.figures.because(reason)
	if !m.lostAt.IsZero() {
		m.figures.stormFailures.Add(1)
		return m.backoff()
	}
	m.failures++
	m.figures.connectFailures.Add(1)
	if m.failures >= mostFailures {
		return -1
	}
	return m.backoff()
}

func (m *member) refused(err refusal) time.Duration {
	if err.RetryMs == nil {
		return m.failed(err.Code)
	}
	m.figures.because(err.Code)
	m.figures.refusedForNow.Add(1)
	return time.Duration(float64(*err.RetryMs)*(1+rand.Float64()*announcedSpread)) * time.Millisecond
}

type refusal struct {
	Code    string `json:"code"`
	RetryMs *int64 `json:"retryMs"`
}

type visit struct {
	*member
	socket    *socket
	setsOut   time.Time
	connected bool
	// How long from one beat to the next.
	every     time.Duration
	isOver    atomic.Bool
	answering *time.Timer
	leaving   *time.Timer
	left      atomic.Bool
	beats     int
	// When, in microseconds; timers write them and the reader reads them.
	askedBeat, askedAt atomic.Int64
}

func (v *visit) over() {
	v.isOver.Store(true)
	if v.answering != nil {
		v.answering.Stop()
	}
	if v.leaving != nil {
		v.leaving.Stop()
	}
}

func (v *visit) hear(frame []byte) (time.Duration, bool) {
	switch {
	case len(frame) == 1 && frame[0] == '2':
		v.socket.send("3")
	case bytes.HasPrefix(frame, []byte("42")):
		v.event(frame)
	case bytes.HasPrefix(frame, []byte("43")):
		return v.answer(frame)
	case bytes.HasPrefix(frame, []byte("40")):
		v.connected = true
		v.socket.conn.SetReadDeadline(v.notAfterTheEnd(answeredWithin))
		v.socket.send(joinRequest)
	case bytes.HasPrefix(frame, []byte("44")):
		var said struct {
			Data refusal `json:"data"`
		}
		json.Unmarshal(frame[2:], &said)
		return v.refused(said.Data), true
	case bytes.HasPrefix(frame, []byte("41")):
		return v.lost(), true
	case bytes.HasPrefix(frame, []byte("0")):
		hello, _ := json.Marshal(map[string]any{
			"ticket": v.Ticket, "tab": fmt.Sprintf("holder-%d", v.place), "returning": v.hasJoined,
		})
		v.socket.send("40" + string(hello))
	}
	return 0, false
}

func (v *visit) answer(frame []byte) (time.Duration, bool) {
	at := bytes.IndexByte(frame, '[')
	if at < 0 {
		return 0, false
	}
	id, _ := strconv.Atoi(string(frame[2:at]))
	switch id {
	case joinID:
		return v.joined(frame[at:])
	case beatID:
		v.figures.beatAckMs.add(sinceMs(v.askedBeat.Load()))
	case quizID:
		if !bytes.HasPrefix(frame[at:], []byte(`[{"ok":true`)) {
			v.figures.refusedCommands.Add(1)
			v.figures.because(codeOf(frame[at:]))
			break
		}
		v.figures.quizAnswers.Add(1)
		v.figures.quizAckMs.add(sinceMs(v.askedAt.Load()))
	}
	return 0, false
}

func (v *visit) joined(body []byte) (time.Duration, bool) {
	var answers []struct {
		OK    bool    `json:"ok"`
		Error refusal `json:"error"`
		Data  struct {
			Snapshot struct {
				You struct {
					BeatMs int64 `json:"beatMs"`
				} `json:"you"`
			} `json:"snapshot"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &answers) != nil || len(answers) == 0 || !answers[0].OK {
		if len(answers) == 0 {
			return v.failed("unreadable"), true
		}
		return v.refused(answers[0].Error), true
	}
	v.socket.conn.SetReadDeadline(v.ends)
	v.attempts = 0
	if v.lostAt.IsZero() {
		v.figures.joined.Add(1)
		if !v.hasJoined {
			v.figures.joinMs.add(sinceMs(v.setsOut.UnixMicro()))
		}
		v.hasJoined = true
	} else {
		v.figures.rejoined.Add(1)
		v.figures.rejoinMs.add(sinceMs(v.lostAt.UnixMicro()))
		v.lostAt = time.Time{}
	}
	if v.settings.ChurnPercent > 0 && v.ClassAt > 0 {
		stays := rand.ExpFloat64() * 100 / v.settings.ChurnPercent * float64(time.Minute)
		v.leaving = time.AfterFunc(time.Duration(stays), func() {
			v.left.Store(true)
			v.socket.close()
		})
	}
	v.every = time.Duration(answers[0].Data.Snapshot.You.BeatMs) * time.Millisecond
	v.beats = rand.IntN(askForAnswerEvery)
	v.wheel.add(v, v.every)
	return 0, false
}

func (v *visit) beat() {
	v.figures.beats.Add(1)
	v.beats++
	if v.beats%askForAnswerEvery == 0 {
		v.askedBeat.Store(time.Now().UnixMicro())
		v.socket.send(fmt.Sprintf("42%d%s", beatID, beat))
	} else {
		v.socket.send("42" + beat)
	}
}

func (v *visit) event(frame []byte) {
	v.figures.frames.Add(1)
	if !bytes.HasPrefix(frame, []byte(`42["events"`)) {
		return
	}
	now := time.Now().UnixMilli()
	for rest := frame; ; {
		at := bytes.Index(rest, []byte(announcementMark))
		if at < 0 {
			break
		}
		rest = rest[at+len(announcementMark):]
		end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if sent, err := strconv.ParseInt(string(rest[:max(0, end)]), 10, 64); err == nil {
			v.figures.broadcastsHeard.Add(1)
			v.figures.broadcastMs.add(float64(now - sent))
		}
	}
	if v.settings.Lively != nil && v.ClassAt == 0 && bytes.Contains(frame, []byte(`"quiz.opened"`)) {
		v.answerQuiz(frame)
	}
}

func (v *visit) answerQuiz(frame []byte) {
	var packet []json.RawMessage
	var said struct {
		Events []struct {
			Type string `json:"type"`
			Quiz struct {
				ID string `json:"id"`
			} `json:"quiz"`
		} `json:"events"`
	}
	if json.Unmarshal(frame[2:], &packet) != nil || len(packet) < 2 || json.Unmarshal(packet[1], &said) != nil {
		return
	}
	for _, each := range said.Events {
		if each.Type != "quiz.opened" {
			continue
		}
		request := fmt.Sprintf(`42%d["quiz.answer",{"quizId":"%s","choice":[%d]}]`, quizID, each.Quiz.ID, v.N%quizOptions)
		after := time.Duration(rand.Float64() * v.settings.Lively.QuizWithinMs * float64(time.Millisecond))
		v.answering = time.AfterFunc(after, func() {
			v.askedAt.Store(time.Now().UnixMicro())
			v.socket.send(request)
		})
	}
}

func codeOf(body []byte) string {
	var answers []struct {
		Error refusal `json:"error"`
	}
	if json.Unmarshal(body, &answers) != nil || len(answers) == 0 {
		return "unreadable"
	}
	return answers[0].Error.Code
}

func sinceMs(micros int64) float64 { return float64(time.Now().UnixMicro()-micros) / 1000 }
