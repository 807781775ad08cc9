package main

import (
	"net"
	"time"

	"github.com/pion/transport/v5/packetio"
)

// dtlsSide is what DTLS sees of a connection it shares with SRTP: the packets that were delivered to it.
type dtlsSide struct {
	conn   net.Conn
	buffer *packetio.Buffer
}

func newDTLSSide(conn net.Conn) *dtlsSide {
	return &dtlsSide{conn: conn, buffer: packetio.NewBuffer()}
}

func (s *dtlsSide) deliver(packet []byte) { _, _ = s.buffer.Write(packet, nil) }

func (s *dtlsSide) ReadFrom(into []byte) (int, net.Addr, error) {
	size, _, err := s.buffer.Read(into, nil)
	return size, s.conn.RemoteAddr(), err
}

func (s *dtlsSide) WriteTo(packet []byte, _ net.Addr) (int, error) { return s.conn.Write(packet) }
func (s *dtlsSide) Close() error                                   { return s.buffer.Close() }
func (s *dtlsSide) LocalAddr() net.Addr                            { return s.conn.LocalAddr() }
func (s *dtlsSide) SetReadDeadline(at time.Time) error             { return s.buffer.SetReadDeadline(at) }
func (s *dtlsSide) SetDeadline(at time.Time) error                 { return s.buffer.SetReadDeadline(at) }
func (s *dtlsSide) SetWriteDeadline(time.Time) error               { return nil }
