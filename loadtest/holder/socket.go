package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// socket is a WebSocket connection of which only text frames are expected.
type socket struct {
	conn   net.Conn
	reader *bufio.Reader
	mutex  sync.Mutex
}

const (
	// Frames are read whole into a buffer of their own when they are larger.
	readerBytes    = 2048
	connectWithin  = 60 * time.Second
	largestFrame   = 8 << 20
	opText         = 1
	opClose        = 8
	opPing         = 9
	finalText      = 0x80 | opText
	finalPong      = 0x80 | 10
	sourceNetworks = 32
)

// dial connects from one of some loopback addresses: a single one makes connecting slow long before its ports are used up.
func dial(base string, place int) (*socket, error) {
	address, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(2+place%sourceNetworks))}
	dialer := net.Dialer{LocalAddr: from, Timeout: connectWithin}
	conn, err := dialer.Dial("tcp", address.Host)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, reader: bufio.NewReaderSize(conn, readerBytes)}
	if err := s.upgrade(address.Host); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *socket) upgrade(host string) error {
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	s.conn.SetDeadline(time.Now().Add(connectWithin))
	_, err := fmt.Fprintf(s.conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
		host, base64.StdEncoding.EncodeToString(key))
	if err != nil {
		return err
	}
	response, err := http.ReadResponse(s.reader, nil)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("upgrade refused: %s", response.Status)
	}
	return s.conn.SetDeadline(time.Time{})
}

// read answers the next text frame; into is used again where it is large enough.
func (s *socket) read(into []byte) ([]byte, error) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(s.reader, head[:]); err != nil {
			return nil, err
		}
		length := uint64(head[1] & 0x7f)
		switch length {
		case 126:
			var wide [2]byte
			if _, err := io.ReadFull(s.reader, wide[:]); err != nil {
				return nil, err
			}
			length = uint64(binary.BigEndian.Uint16(wide[:]))
		case 127:
			var wide [8]byte
			if _, err := io.ReadFull(s.reader, wide[:]); err != nil {
				return nil, err
			}
			length = binary.BigEndian.Uint64(wide[:])
		}
		if length > largestFrame {
			return nil, errors.New("a frame too large")
		}
		frame := into
		if uint64(cap(frame)) < length {
			frame = make([]byte, length)
		}
		frame = frame[:length]
		if _, err := io.ReadFull(s.reader, frame); err != nil {
			return nil, err
		}
		switch head[0] & 0x0f {
		case opText:
			return frame, nil
		case opPing:
			s.write(finalPong, frame)
		case opClose:
			return nil, errors.New("closed by the server")
		}
	}
}

func (s *socket) send(text string) { s.write(finalText, []byte(text)) }

// write fails silently: who reads hears of it.
func (s *socket) write(first byte, payload []byte) {
	frame := make([]byte, 0, len(payload)+14)
	frame = append(frame, first)
	switch {
	case len(payload) < 126:
		frame = append(frame, 0x80|byte(len(payload)))
	default:
		frame = append(frame, 0x80|126)
		frame = binary.BigEndian.AppendUint16(frame, uint16(len(payload)))
	}
	// A mask of zeroes is a mask: nothing on this way caches what is not understood.
	frame = append(frame, 0, 0, 0, 0)
	frame = append(frame, payload...)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.conn.SetWriteDeadline(time.Now().Add(connectWithin))
	s.conn.Write(frame)
}

func (s *socket) close() { s.conn.Close() }
