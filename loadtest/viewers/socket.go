package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is a Socket.IO connection over WebSocket: version 4 of Engine.IO, text frames, the main namespace.
// Events come on events until gone is closed; why says then what happened.
type socket struct {
	conn   *websocket.Conn
	events chan event
	gone   chan struct{}

	mutex  sync.Mutex
	next   int
	asked  map[int]chan json.RawMessage
	why    error
	closed bool
}

type event struct {
	name    string
	payload json.RawMessage
}

var errClosed = errors.New("closed by us")

// Nobody who reads events may be so slow that this many wait; then they are dropped, like on a page that hangs.
const eventsKept = 64

// dial connects and waits until the server has accepted auth. A refusal by the server is a *refusal.
func dial(ctx context.Context, base string, auth any) (*socket, error) {
	address, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	address.Scheme = map[string]string{"http": "ws", "https": "wss"}[address.Scheme]
	address.Path = "/socket.io/"
	address.RawQuery = "EIO=4&transport=websocket"
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, address.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &socket{
		conn:   conn,
		events: make(chan event, eventsKept),
		gone:   make(chan struct{}),
		asked:  map[int]chan json.RawMessage{},
	}
	body, err := json.Marshal(auth)
	if err != nil {
		return nil, err
	}
	accepted := make(chan error, 1)
	go s.read(append([]byte("40"), body...), accepted)
	select {
	case err = <-accepted:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.end(err)
		return nil, err
	}
	return s, nil
}

func (s *socket) read(hello []byte, accepted chan<- error) {
	for {
		_, frame, err := s.conn.ReadMessage()
		if err != nil {
			s.end(err)
			accepted <- err
			return
		}
		switch {
		case len(frame) == 0:
		case frame[0] == '0':
			s.write(hello)
		case frame[0] == '2':
			s.write([]byte("3"))
		case bytes.HasPrefix(frame, []byte("40")):
			accepted <- nil
		case bytes.HasPrefix(frame, []byte("44")):
			accepted <- refusalOf(frame[2:])
		case bytes.HasPrefix(frame, []byte("42")):
			s.hear(frame[2:])
		case bytes.HasPrefix(frame, []byte("43")):
			s.answered(frame[2:])
		case bytes.HasPrefix(frame, []byte("41")) || frame[0] == '1':
			s.end(errors.New("closed by the server"))
			return
		}
	}
}

func refusalOf(body []byte) error {
	var said struct {
		Message string   `json:"message"`
		Data    *refusal `json:"data"`
	}
	if json.Unmarshal(body, &said) == nil && said.Data != nil {
		return said.Data
	}
	return fmt.Errorf("connect refused: %s", said.Message)
}

func (s *socket) hear(body []byte) {
	var parts []json.RawMessage
	var name string
	if json.Unmarshal(body, &parts) != nil || len(parts) == 0 || json.Unmarshal(parts[0], &name) != nil {
		return
	}
	heard := event{name: name}
	if len(parts) > 1 {
		heard.payload = parts[1]
	}
	select {
	case s.events <- heard:
	default:
	}
}

func (s *socket) answered(body []byte) {
	at := bytes.IndexByte(body, '[')
	if at < 1 {
		return
	}
	id, err := strconv.Atoi(string(body[:at]))
	var answers []json.RawMessage
	if err != nil || json.Unmarshal(body[at:], &answers) != nil || len(answers) == 0 {
		return
	}
	s.mutex.Lock()
	waiting := s.asked[id]
	delete(s.asked, id)
	s.mutex.Unlock()
	if waiting != nil {
		waiting <- answers[0]
	}
}

// ask sends an event and waits for its acknowledgement; a refusal is a *refusal. reply may be nil.
func (s *socket) ask(ctx context.Context, name string, request, reply any) error {
	body, err := json.Marshal([]any{name, request})
	if err != nil {
		return err
	}
	answer := make(chan json.RawMessage, 1)
	s.mutex.Lock()
	id := s.next
	s.next++
	s.asked[id] = answer
	s.mutex.Unlock()
	s.write(append([]byte("42"+strconv.Itoa(id)), body...))
	var ack struct {
		OK    bool            `json:"ok"`
		Data  json.RawMessage `json:"data"`
		Error *refusal        `json:"error"`
	}
	select {
	case raw := <-answer:
		if err := json.Unmarshal(raw, &ack); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	case <-s.gone:
		return s.why
	case <-ctx.Done():
		return ctx.Err()
	}
	if !ack.OK && ack.Error != nil {
		return ack.Error
	}
	if reply == nil {
		return nil
	}
	return json.Unmarshal(ack.Data, reply)
}

// tell sends an event that is not acknowledged.
func (s *socket) tell(name string, payload any) {
	if body, err := json.Marshal([]any{name, payload}); err == nil {
		s.write(append([]byte("42"), body...))
	}
}

func (s *socket) write(frame []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	// An error shows when reading.
	_ = s.conn.WriteMessage(websocket.TextMessage, frame)
}

// end is idempotent; the first reason stays.
func (s *socket) end(why error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.why = why
	_ = s.conn.Close()
	close(s.gone)
}
