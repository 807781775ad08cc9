package main

import (
	"encoding/json"
	"fmt"
)

// The shapes of the class protocol that a viewer needs; see contract/PROTOCOL.md.

type certificateFingerprint struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

type dtlsParameters struct {
	Role         string                   `json:"role,omitempty"`
	Fingerprints []certificateFingerprint `json:"fingerprints"`
}

type transportOptions struct {
	ID            string `json:"id"`
	ICEParameters struct {
		UsernameFragment string `json:"usernameFragment"`
		Password         string `json:"password"`
	} `json:"iceParameters"`
	ICECandidates []struct {
		Foundation string `json:"foundation"`
		Priority   uint32 `json:"priority"`
		Address    string `json:"address"`
		Protocol   string `json:"protocol"`
		Port       uint16 `json:"port"`
	} `json:"iceCandidates"`
	DTLSParameters dtlsParameters `json:"dtlsParameters"`
}

type consumerOptions struct {
	ID            string `json:"id"`
	Kind          string `json:"kind"`
	RTPParameters struct {
		Codecs []struct {
			PayloadType uint8 `json:"payloadType"`
		} `json:"codecs"`
		Encodings []struct {
			SSRC uint32 `json:"ssrc"`
		} `json:"encodings"`
	} `json:"rtpParameters"`
}

// mediaReply is how somebody is given picture and sound. In the mode "hls" there is no transport: the cluster is full.
type mediaReply struct {
	Mode          string            `json:"mode"`
	Resumed       bool              `json:"resumed"`
	Squeezed      bool              `json:"squeezed"`
	RecvTransport transportOptions  `json:"recvTransport"`
	Consumers     []consumerOptions `json:"consumers"`
}

type joinRequest struct {
	Capabilities json.RawMessage `json:"rtpCapabilities"`
	Resume       bool            `json:"resume"`
	AudioOnly    bool            `json:"audioOnly"`
	LastSeq      *int            `json:"lastSeq"`
	Visible      bool            `json:"visible"`
	Device       string          `json:"device"`
}

type joinReply struct {
	Snapshot struct {
		You struct {
			BeatMs int `json:"beatMs"`
		} `json:"you"`
	} `json:"snapshot"`
	Media *mediaReply `json:"media"`
}

type connectRequest struct {
	TransportID    string         `json:"transportId"`
	DTLSParameters dtlsParameters `json:"dtlsParameters"`
}

type publishReply struct {
	SendTransport transportOptions `json:"sendTransport"`
}

type produceRequest struct {
	TransportID   string `json:"transportId"`
	Kind          string `json:"kind"`
	Source        string `json:"source"`
	RTPParameters any    `json:"rtpParameters"`
	Paused        bool   `json:"paused"`
}

// refusal is an error of the protocol.
type refusal struct {
	Code    string `json:"code"`
	RetryMs int    `json:"retryMs"`
}

func (r *refusal) Error() string { return fmt.Sprintf("refused: %s", r.Code) }
