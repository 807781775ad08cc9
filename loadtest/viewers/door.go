package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// door is a person's way into the class: the product's, or that of a bare mediasoup script.
type door interface {
	// join asks for the class and its media; reply.Media is nil when media come later.
	join(ctx context.Context) (*joinReply, error)
	// rejoin asks for media anew, or with resume for those that may still be there.
	rejoin(ctx context.Context, resume bool) (*mediaReply, error)
	connect(ctx context.Context, request connectRequest) error
	publish(ctx context.Context) (*publishReply, error)
	produce(ctx context.Context, request produceRequest) error
	// start begins the class.
	start(ctx context.Context) error
	beat()
	// events of the class; never closed. Nil where there are none.
	events() <-chan event
	// gone is closed when the way in is lost; nil where that cannot be.
	gone() <-chan struct{}
	// leave is an orderly end.
	leave(ctx context.Context)
}

func open(ctx context.Context, p *plan, ticket string) (door, error) {
	if p.Side == "bare" {
		return &bareDoor{url: p.URL}, nil
	}
	s, err := dial(ctx, p.URL, map[string]string{"ticket": ticket, "tab": "viewer"})
	if err != nil {
		return nil, err
	}
	return &productDoor{socket: s, capabilities: p.Capabilities}, nil
}

type productDoor struct {
	socket       *socket
	capabilities json.RawMessage
}

func (d *productDoor) join(ctx context.Context) (*joinReply, error) {
	var reply joinReply
	request := joinRequest{Capabilities: d.capabilities, Visible: true, Device: "desktop"}
	return &reply, d.socket.ask(ctx, "join", request, &reply)
}

func (d *productDoor) rejoin(ctx context.Context, resume bool) (*mediaReply, error) {
	var reply struct {
		Media mediaReply `json:"media"`
	}
	request := map[string]any{"rtpCapabilities": d.capabilities, "resume": resume, "audioOnly": false}
	return &reply.Media, d.socket.ask(ctx, "media.rejoin", request, &reply)
}

func (d *productDoor) connect(ctx context.Context, request connectRequest) error {
	return d.socket.ask(ctx, "media.connect", request, nil)
}

func (d *productDoor) publish(ctx context.Context) (*publishReply, error) {
	var reply publishReply
	return &reply, d.socket.ask(ctx, "media.publish", struct{}{}, &reply)
}

func (d *productDoor) produce(ctx context.Context, request produceRequest) error {
	return d.socket.ask(ctx, "media.produce", request, nil)
}

func (d *productDoor) start(ctx context.Context) error {
	err := d.socket.ask(ctx, "class.start", struct{}{}, nil)
	if refused, ok := err.(*refusal); ok && refused.Code == "already-done" {
		return nil
	}
	return err
}

func (d *productDoor) beat() {
	d.socket.tell("beat", map[string]any{"visible": true, "rttMs": nil})
}

func (d *productDoor) events() <-chan event  { return d.socket.events }
func (d *productDoor) gone() <-chan struct{} { return d.socket.gone }

func (d *productDoor) leave(ctx context.Context) {
	_ = d.socket.ask(ctx, "leave", struct{}{}, nil)
	d.socket.end(errClosed)
}

// bareDoor asks a script that knows nobody, one POST for each question.
type bareDoor struct{ url string }

func (d *bareDoor) post(ctx context.Context, path string, request, reply any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	asking, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(asking)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", path, answer.StatusCode)
	}
	return json.NewDecoder(answer.Body).Decode(reply)
}

func (d *bareDoor) join(ctx context.Context) (*joinReply, error) {
	media, err := d.rejoin(ctx, false)
	return &joinReply{Media: media}, err
}

func (d *bareDoor) rejoin(ctx context.Context, _ bool) (*mediaReply, error) {
	var reply mediaReply
	return &reply, d.post(ctx, "/join", struct{}{}, &reply)
}

func (d *bareDoor) connect(ctx context.Context, request connectRequest) error {
	return d.post(ctx, "/connect", request, &struct{}{})
}

func (d *bareDoor) publish(ctx context.Context) (*publishReply, error) {
	var reply publishReply
	return &reply, d.post(ctx, "/publish", struct{}{}, &reply)
}

func (d *bareDoor) produce(ctx context.Context, request produceRequest) error {
	return d.post(ctx, "/produce", request, &struct{}{})
}

func (d *bareDoor) start(context.Context) error { return nil }
func (d *bareDoor) beat()                       {}
func (d *bareDoor) events() <-chan event        { return nil }
func (d *bareDoor) gone() <-chan struct{}       { return nil }
func (d *bareDoor) leave(context.Context)       {}
