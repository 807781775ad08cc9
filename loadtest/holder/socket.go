package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// socket is a WebSocket connection of which only text frames are expected. While nothing comes it keeps no buffer.
type socket struct {
	conn  *net.TCPConn
	raw   syscall.RawConn
	mutex sync.Mutex
	// The beginning of a frame of which more has to come.
	rest []byte
}

const (
	readBytes      = 64 << 10
	writtenWithin  = 60 * time.Second
	largestFrame   = 8 << 20
	opText         = 1
	opClose        = 8
	opPing         = 9
	finalText      = 0x80 | opText
	finalPong      = 0x80 | 10
	sourceNetworks = 32
)

// buffers are lent to who has something to read, for as long as it is read.
var buffers = sync.Pool{New: func() any { return new([readBytes]byte) }}

var errClosed = errors.New("closed by the server")

// dial connects from one of some loopback addresses: a single one makes connecting slow long before its ports are used up.
// What the server has not said by the deadline it does not say, until another deadline for reading is set.
func dial(base string, place int, deadline time.Time) (*socket, error) {
	address, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(2+place%sourceNetworks))}
	dialer := net.Dialer{LocalAddr: from, Deadline: deadline}
	conn, err := dialer.Dial("tcp", address.Host)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn.(*net.TCPConn)}
	s.conn.SetReadDeadline(deadline)
	if s.raw, err = s.conn.SyscallConn(); err == nil {
		err = s.upgrade(address.Host)
	}
	if err != nil {
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
	s.conn.SetWriteDeadline(time.Now().Add(writtenWithin))
	_, err := fmt.Fprintf(s.conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
		host, base64.StdEncoding.EncodeToString(key))
	if err != nil {
		return err
	}
	var head []byte
	for {
		if err := s.more(func(bytes []byte) { head = append(head, bytes...) }); err != nil {
			return err
		}
		answer, frames, isWhole := bytes.Cut(head, []byte("\r\n\r\n"))
		if isWhole && !bytes.HasPrefix(answer, []byte("HTTP/1.1 101 ")) {
			return fmt.Errorf("upgrade refused: %.80s", answer)
		}
		if isWhole {
			s.rest = frames
			return nil
		}
	}
}

// more waits for bytes and has them taken; they are valid during the call alone.
func (s *socket) more(take func([]byte)) error {
	var buffer *[readBytes]byte
	var count int
	var failure error
	err := s.raw.Read(func(fd uintptr) bool {
		buffer = buffers.Get().(*[readBytes]byte)
		for {
			count, failure = syscall.Read(int(fd), buffer[:])
			if failure != syscall.EINTR {
				break
			}
		}
		if failure == syscall.EAGAIN {
			buffers.Put(buffer)
			return false
		}
		return true
	})
	if err != nil {
		return err
	}
	defer buffers.Put(buffer)
	switch {
	case failure != nil:
		return failure
	case count == 0:
		return io.EOF
	}
	take(buffer[:count])
	return nil
}

// read has every text frame that comes heard, until hear answers false; a frame is valid during the call alone.
func (s *socket) read(hear func(frame []byte) bool) error {
	var isOver bool
	var broken error
	takeAll := func(arrived []byte) {
		if len(s.rest) > 0 {
			arrived = append(s.rest, arrived...)
		}
		for !isOver && broken == nil {
			opcode, payload, left, err := nextFrame(arrived)
			if payload == nil {
				broken = err
				break
			}
			arrived = left
			switch opcode {
			case opText:
				isOver = !hear(payload)
			case opPing:
				s.write(finalPong, payload)
			case opClose:
				broken = errClosed
			}
		}
		if s.rest = nil; len(arrived) > 0 {
			s.rest = bytes.Clone(arrived)
		}
	}
	// With the answer to the upgrade the first frame may have come.
	takeAll(nil)
	for !isOver && broken == nil {
		if err := s.more(takeAll); err != nil {
			return err
		}
	}
	return broken
}

// nextFrame answers a nil payload while it is not whole.
func nextFrame(from []byte) (opcode byte, payload []byte, left []byte, err error) {
	if len(from) < 2 {
		return 0, nil, from, nil
	}
	header, length := 2, uint64(from[1]&0x7f)
	switch length {
	case 126:
		header = 4
	case 127:
		header = 10
	}
	if len(from) < header {
		return 0, nil, from, nil
	}
	switch header {
	case 4:
		length = uint64(binary.BigEndian.Uint16(from[2:]))
	case 10:
		length = binary.BigEndian.Uint64(from[2:])
	}
	if length > largestFrame {
		return 0, nil, from, errors.New("a frame too large")
	}
	whole := header + int(length)
	if len(from) < whole {
		return 0, nil, from, nil
	}
	return from[0] & 0x0f, from[header:whole:whole], from[whole:], nil
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
	s.conn.SetWriteDeadline(time.Now().Add(writtenWithin))
	s.conn.Write(frame)
}

func (s *socket) close() { s.conn.Close() }
