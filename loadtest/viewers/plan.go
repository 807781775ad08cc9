package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// member is one person with a ticket into the class, who comes so many milliseconds after the first.
type member struct {
	Ticket string `json:"ticket"`
	AtMs   int    `json:"atMs"`
}

// plan is everything the tool is told.
type plan struct {
	// Product (Socket.IO, tickets) or bare (HTTP, nobody is asked who he is).
	Side string `json:"side"`
	// Of signaling, or of the bare script; without a path.
	URL string `json:"url"`
	// What every viewer can receive, as a page would send it; also which payload types there are.
	Capabilities json.RawMessage `json:"capabilities"`
	Publisher    *member         `json:"publisher"`
	Streams      streamShape     `json:"streams"`
	Viewers      []member        `json:"viewers"`
	// A viewer that has no sound and picture after this is lost.
	PatienceMs int `json:"patienceMs"`
	// How long all stay once the last has got media or given up.
	StayMs int `json:"stayMs"`
}

// streamShape is what the publisher sends: one packet of that many bytes every so often.
type streamShape struct {
	VideoEveryMs int `json:"videoEveryMs"`
	VideoBytes   int `json:"videoBytes"`
	AudioEveryMs int `json:"audioEveryMs"`
	AudioBytes   int `json:"audioBytes"`
}

func readPlan(from io.Reader) (*plan, error) {
	var p plan
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if p.Side != "product" && p.Side != "bare" {
		return nil, errors.New("plan: side must be product or bare")
	}
	if p.Publisher != nil && (p.Streams.VideoEveryMs < 1 || p.Streams.AudioEveryMs < 1) {
		return nil, errors.New("plan: a publisher needs streams")
	}
	if p.PatienceMs < 1 {
		return nil, errors.New("plan: patienceMs is missing")
	}
	return &p, nil
}

func (p *plan) patience() time.Duration { return time.Duration(p.PatienceMs) * time.Millisecond }
func (p *plan) stay() time.Duration     { return time.Duration(p.StayMs) * time.Millisecond }

// last is when the last viewer comes.
func (p *plan) last() time.Duration {
	last := 0
	for _, one := range p.Viewers {
		last = max(last, one.AtMs)
	}
	return time.Duration(last) * time.Millisecond
}

// payloadType is the number a codec has at the SFU.
func (p *plan) payloadType(mimeType string) (uint8, error) {
	var speaks struct {
		Codecs []struct {
			MimeType    string `json:"mimeType"`
			PayloadType uint8  `json:"preferredPayloadType"`
		} `json:"codecs"`
	}
	if err := json.Unmarshal(p.Capabilities, &speaks); err != nil {
		return 0, fmt.Errorf("plan: capabilities: %w", err)
	}
	for _, codec := range speaks.Codecs {
		if codec.MimeType == mimeType {
			return codec.PayloadType, nil
		}
	}
	return 0, fmt.Errorf("plan: the capabilities are without %s", mimeType)
}
