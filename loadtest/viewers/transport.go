package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// transport is one ICE and DTLS connection to the SFU. It hears SRTP itself instead of through Pion's peer connection:
// only the first packet of a stream is decrypted, to know that it is really one, and the others cost next to nothing.
//
// Its goroutine that reads the socket ends with stop, which may be called twice.
type transport struct {
	identity *identity
	options  transportOptions
	agent    *ice.Agent

	mutex sync.Mutex
	conn  *ice.Conn
	dtls  *dtls.Conn
	// Null until the handshake is done; what comes before waits in early.
	incoming, outgoing *srtp.Context
	early              [][]byte
	// By SSRC: called once with the first packet of that stream.
	awaited map[uint32]func()
	// Hears every RTCP packet, decrypted.
	onControl func(packet []byte)
}

const earlyPackets = 64

func (i *identity) open(options transportOptions) (*transport, error) {
	quiet := logging.NewDefaultLoggerFactory()
	quiet.Writer = io.Discard
	agent, err := ice.NewAgentWithOptions(
		ice.WithLoggerFactory(quiet),
		ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}),
		ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}),
		ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithIncludeLoopback(),
		ice.WithInterfaceFilter(func(name string) bool { return name == "lo" }),
		ice.WithHostAcceptanceMinWait(0),
		// Browsers ask this often while they are not connected.
		ice.WithCheckInterval(50*time.Millisecond),
		ice.WithMaxBindingRequests(400),
		// A machine that is full for seconds must not make the tool give up what is still there.
		ice.WithDisconnectedTimeout(20*time.Second),
		ice.WithFailedTimeout(40*time.Second),
		ice.WithKeepaliveInterval(5*time.Second),
	)
	if err != nil {
		return nil, err
	}
	return &transport{identity: i, options: options, agent: agent, awaited: map[uint32]func(){}}, nil
}

// start returns when the handshake is done. The SFU must be told our fingerprint meanwhile.
func (t *transport) start(ctx context.Context) error {
	conn, err := t.dial(ctx)
	if err != nil {
		return fmt.Errorf("ICE: %w", err)
	}
	side := newDTLSSide(conn)
	t.mutex.Lock()
	t.conn = conn
	t.mutex.Unlock()
	go t.read(conn, side)
	if err := t.shakeHands(ctx, side); err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	return nil
}

func (t *transport) dial(ctx context.Context) (*ice.Conn, error) {
	gathered := make(chan struct{})
	err := t.agent.OnCandidate(func(candidate ice.Candidate) {
		if candidate == nil {
			close(gathered)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := t.agent.GatherCandidates(); err != nil {
		return nil, err
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for _, one := range t.options.ICECandidates {
		if one.Protocol != "udp" {
			continue
		}
		candidate, err := ice.NewCandidateHost(&ice.CandidateHostConfig{
			Network: "udp", Address: one.Address, Port: int(one.Port), Component: ice.ComponentRTP,
			Priority: one.Priority, Foundation: one.Foundation,
		})
		if err != nil {
			return nil, err
		}
		if err := t.agent.AddRemoteCandidate(candidate); err != nil {
			return nil, err
		}
	}
	return t.agent.Dial(ctx, t.options.ICEParameters.UsernameFragment, t.options.ICEParameters.Password)
}

func (t *transport) shakeHands(ctx context.Context, side net.PacketConn) error {
	secure, err := dtls.ClientWithOptions(side, side.LocalAddr(),
		dtls.WithCertificates(t.identity.certificate),
		dtls.WithSRTPProtectionProfiles(
			dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80,
		),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		// A load tool trusts the SFU it was sent to; that the SFU knows us is what is tried.
		dtls.WithInsecureSkipVerify(true),
	)
	if err != nil {
		return err
	}
	t.mutex.Lock()
	t.dtls = secure
	t.mutex.Unlock()
	if err := secure.HandshakeContext(ctx); err != nil {
		return err
	}
	state, known := secure.ConnectionState()
	chosen, hasProfile := secure.SelectedSRTPProtectionProfile()
	if !known || !hasProfile {
		return fmt.Errorf("no SRTP was agreed on")
	}
	config := srtp.Config{Profile: srtp.ProtectionProfile(chosen)}
	if err := config.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		return err
	}
	incoming, err := srtp.CreateContext(config.Keys.RemoteMasterKey, config.Keys.RemoteMasterSalt, config.Profile)
	if err != nil {
		return err
	}
	outgoing, err := srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, config.Profile)
	if err != nil {
		return err
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.incoming, t.outgoing = incoming, outgoing
	for _, packet := range t.early {
		t.hear(packet)
	}
	t.early = nil
	return nil
}

// read hands each packet to whom its first byte names (RFC 7983), until the socket is closed.
func (t *transport) read(conn net.Conn, side *dtlsSide) {
	buffer := make([]byte, 2_048)
	for {
		size, err := conn.Read(buffer)
		if err != nil {
			_ = side.Close()
			return
		}
		switch packet := buffer[:size]; {
		case size == 0:
		case packet[0] >= 20 && packet[0] <= 63:
			side.deliver(packet)
		case packet[0] >= 128 && packet[0] <= 191:
			t.mutex.Lock()
			if t.incoming != nil {
				t.hear(packet)
			} else if len(t.early) < earlyPackets {
				t.early = append(t.early, append([]byte(nil), packet...))
			}
			t.mutex.Unlock()
		}
	}
}

// hear takes one SRTP or SRTCP packet; the caller holds the mutex.
func (t *transport) hear(packet []byte) {
	if len(packet) < 12 {
		return
	}
	if packet[1] >= 192 && packet[1] <= 223 {
		if t.onControl == nil {
			return
		}
		if plain, err := t.incoming.DecryptRTCP(nil, packet, nil); err == nil {
			t.onControl(plain)
		}
		return
	}
	var header rtp.Header
	if _, err := header.Unmarshal(packet); err != nil {
		return
	}
	first, isAwaited := t.awaited[header.SSRC]
	if !isAwaited {
		return
	}
	if _, err := t.incoming.DecryptRTP(nil, packet, nil); err != nil {
		return
	}
	delete(t.awaited, header.SSRC)
	first()
}

// expect awaits the first packet of a consumer.
func (t *transport) expect(consumer consumerOptions, first func()) error {
	if len(consumer.RTPParameters.Encodings) == 0 {
		return fmt.Errorf("consumer %s has no encoding", consumer.ID)
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.awaited[consumer.RTPParameters.Encodings[0].SSRC] = first
	return nil
}

// send encrypts one packet and sends it.
func (t *transport) send(packet *rtp.Packet) error {
	plain, err := packet.Marshal()
	if err != nil {
		return err
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.outgoing == nil {
		return fmt.Errorf("not connected")
	}
	encrypted, err := t.outgoing.EncryptRTP(nil, plain, nil)
	if err != nil {
		return err
	}
	_, err = t.conn.Write(encrypted)
	return err
}

func (t *transport) stop() {
	t.mutex.Lock()
	secure := t.dtls
	t.mutex.Unlock()
	if secure != nil {
		_ = secure.Close()
	}
	_ = t.agent.Close()
}
