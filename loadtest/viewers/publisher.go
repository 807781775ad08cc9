package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// publisher teaches the class: it starts it and sends a camera and a microphone until it is closed.
type publisher struct {
	door      door
	transport *transport
	stopped   chan struct{}
	keyFrame  atomic.Bool
}

func startPublisher(ctx context.Context, p *plan, who *identity) (*publisher, error) {
	ctx, cancel := context.WithTimeout(ctx, p.patience())
	defer cancel()
	way, err := open(ctx, p, p.Publisher.Ticket)
	if err != nil {
		return nil, err
	}
	joined, err := way.join(ctx)
	if err != nil {
		return nil, err
	}
	if err := way.start(ctx); err != nil {
		return nil, err
	}
	given, err := way.publish(ctx)
	if err != nil {
		return nil, err
	}
	t, err := who.open(given.SendTransport)
	if err != nil {
		return nil, err
	}
	pub := &publisher{door: way, transport: t, stopped: make(chan struct{})}
	t.onControl = pub.hearRequests
	if err := connect(ctx, way, t); err != nil {
		return nil, err
	}
	video := sentStream{kind: "video", source: "camera", ssrc: 7_001, clockRate: 90_000}
	audio := sentStream{kind: "audio", source: "mic", ssrc: 7_002, clockRate: 48_000}
	if video.payloadType, err = p.payloadType("video/VP8"); err != nil {
		return nil, err
	}
	if audio.payloadType, err = p.payloadType("audio/opus"); err != nil {
		return nil, err
	}
	for _, stream := range []sentStream{video, audio} {
		if err := pub.produce(ctx, stream); err != nil {
			return nil, err
		}
	}
	pub.keyFrame.Store(true)
	go pub.sendVideo(video, p.Streams)
	go pub.sendAudio(audio, p.Streams)
	go pub.live(joined.Snapshot.You.BeatMs)
	return pub, nil
}

// connect starts the transport while the SFU is told who will come.
func connect(ctx context.Context, way door, t *transport) error {
	request := connectRequest{TransportID: t.options.ID, DTLSParameters: t.identity.parameters}
	told := make(chan error, 1)
	go func() { told <- way.connect(ctx, request) }()
	started := make(chan error, 1)
	go func() { started <- t.start(ctx) }()
	for range 2 {
		select {
		case err := <-told:
			if err != nil {
				return err
			}
		case err := <-started:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// sentStream is one stream of the publisher.
type sentStream struct {
	kind, source string
	ssrc         uint32
	payloadType  uint8
	clockRate    uint32
}

func (p *publisher) produce(ctx context.Context, stream sentStream) error {
	codec := map[string]any{"payloadType": stream.payloadType, "clockRate": stream.clockRate}
	if stream.kind == "audio" {
		codec["mimeType"], codec["channels"] = "audio/opus", 2
	} else {
		codec["mimeType"] = "video/VP8"
		codec["rtcpFeedback"] = []map[string]string{{"type": "nack"}, {"type": "nack", "parameter": "pli"}}
	}
	request := produceRequest{
		TransportID: p.transport.options.ID,
		Kind:        stream.kind,
		Source:      stream.source,
		RTPParameters: map[string]any{
			"mid":       stream.source,
			"codecs":    []any{codec},
			"encodings": []any{map[string]any{"ssrc": stream.ssrc}},
			"rtcp":      map[string]any{"cname": "viewers"},
		},
	}
	if err := p.door.produce(ctx, request); err != nil {
		return fmt.Errorf("%s: %w", stream.source, err)
	}
	return nil
}

// hearRequests looks for requests for a key frame.
func (p *publisher) hearRequests(packet []byte) {
	parts, err := rtcp.Unmarshal(packet)
	if err != nil {
		return
	}
	for _, part := range parts {
		switch part.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			p.keyFrame.Store(true)
		}
	}
}

// The descriptor and the first bytes of a VP8 frame: all an SFU reads of it.
var (
	vp8KeyFrame   = []byte{0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00}
	vp8DeltaFrame = []byte{0x10, 0x01, 0x00, 0x00}
)

func (p *publisher) sendVideo(stream sentStream, shape streamShape) {
	p.every(shape.VideoEveryMs, func(count int) {
		payload := make([]byte, max(shape.VideoBytes, len(vp8KeyFrame)))
		if p.keyFrame.Swap(false) {
			copy(payload, vp8KeyFrame)
		} else {
			copy(payload, vp8DeltaFrame)
		}
		p.sendPacket(stream, count, shape.VideoEveryMs, payload)
	})
}

func (p *publisher) sendAudio(stream sentStream, shape streamShape) {
	payload := make([]byte, max(shape.AudioBytes, 1))
	p.every(shape.AudioEveryMs, func(count int) {
		p.sendPacket(stream, count, shape.AudioEveryMs, payload)
	})
}

func (p *publisher) sendPacket(stream sentStream, count, everyMs int, payload []byte) {
	header := rtp.Header{
		Version: 2, Marker: true, PayloadType: stream.payloadType, SSRC: stream.ssrc,
		SequenceNumber: uint16(count),
		Timestamp:      uint32(count*everyMs) * (stream.clockRate / 1_000),
	}
	// What cannot be sent is missed by the viewers, who say so.
	_ = p.transport.send(&rtp.Packet{Header: header, Payload: payload})
}

func (p *publisher) every(ms int, send func(count int)) {
	ticker := time.NewTicker(time.Duration(ms) * time.Millisecond)
	defer ticker.Stop()
	for count := 0; ; count++ {
		select {
		case <-ticker.C:
			send(count)
		case <-p.stopped:
			return
		}
	}
}

// live keeps the instructor in the class.
func (p *publisher) live(beatMs int) {
	if beatMs < 1 {
		return
	}
	ticker := time.NewTicker(time.Duration(beatMs) * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.door.beat()
		case <-p.door.events():
		case <-p.stopped:
			return
		}
	}
}

func (p *publisher) close() {
	close(p.stopped)
	p.transport.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	p.door.leave(ctx)
}
