package run

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
)

// outage stands between a program and its server, and lets so many statements through: what
// is asked after them finds no server any more. It counts what the client asks for, and not
// time, so that the same program is stopped at the same place each time. What was asked
// before is answered whole.
type outage struct {
	listener net.Listener
	network  string // of the server
	address  string
	after    int

	mu      sync.Mutex
	changed *sync.Cond
	asked   int // statements that were let through
	due     int // of them, those that are not answered
	broken  bool
	closed  bool
	conns   map[net.Conn]bool // whether they lead to the server
	ended   sync.WaitGroup
}

// errEncrypted is why a connection is not broken: nobody can count what it asks.
var errEncrypted = errors.New("the server takes encrypted connections only, which are not broken on purpose")

// newOutage begins to listen, for a server as cfg says; it changes cfg to lead to itself.
func newOutage(cfg *pgx.ConnConfig, after int) (*outage, error) {
	if sslMode(&cfg.Config) == "require" {
		return nil, errEncrypted
	}
	o := &outage{after: after, conns: map[net.Conn]bool{}, network: "tcp", address: net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))}
	if filepath.IsAbs(cfg.Host) {
		o.network, o.address = "unix", filepath.Join(cfg.Host, ".s.PGSQL."+strconv.Itoa(int(cfg.Port)))
	}
	o.changed = sync.NewCond(&o.mu)
	var err error
	if o.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("stand between a program and its server: %w", err)
	}
	cfg.Host, cfg.Port = "127.0.0.1", uint16(o.listener.Addr().(*net.TCPAddr).Port)
	cfg.TLSConfig, cfg.Fallbacks = nil, nil
	o.ended.Add(1)
	go o.accept()
	return o, nil
}

// Close ends all connections, and waits until nothing of them goes on.
func (o *outage) Close() {
	_ = o.listener.Close()
	o.stop()
	o.mu.Lock()
	o.closed = true
	for c := range o.conns {
		_ = c.Close()
	}
	o.mu.Unlock()
	o.ended.Wait()
}

// stop breaks all connections. A client is told that there is nothing more to read, and may
// write what nobody reads: else it would depend on time which error it gets.
func (o *outage) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken = true
	for c, server := range o.conns {
		if server {
			_ = c.Close()
		} else {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}
	o.changed.Broadcast()
}

func (o *outage) accept() {
	defer o.ended.Done()
	for {
		client, err := o.listener.Accept()
		if err != nil {
			return
		}
		o.ended.Add(1)
		go func() {
			defer o.ended.Done()
			o.serve(client)
		}()
	}
}

// keep notes a connection, and reports whether it may go on.
func (o *outage) keep(c net.Conn, server bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conns[c] = server
	switch {
	case o.closed:
		_ = c.Close()
	case o.broken && !server:
		_ = c.(*net.TCPConn).CloseWrite()
	}
	return !o.broken
}

func (o *outage) drop(c net.Conn) {
	_ = c.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.conns, c)
}

// serve passes on what one client and the server say.
func (o *outage) serve(client net.Conn) {
	defer o.drop(client)
	defer func() { _, _ = io.Copy(io.Discard, client) }()
	if !o.keep(client, false) {
		return
	}
	startup, err := begin(client)
	if err != nil {
		return
	}
	server, err := net.Dial(o.network, o.address)
	if err != nil {
		_ = client.Close()
		return
	}
	defer o.drop(server)
	if !o.keep(server, true) {
		return
	}
	if _, err := server.Write(startup); err != nil {
		return
	}
	due := 0 // answers
	o.ended.Add(1)
	go func() {
		defer o.ended.Done()
		o.answers(client, server, &due)
		_ = client.(*net.TCPConn).CloseWrite()
	}()
	o.asks(client, server, &due)
}

// Codes of what a client sends first (manual, "Message Formats").
const (
	sslRequest = 80877103
	gssRequest = 80877104
)

// begin is the packet with which a client begins, after what asks for encryption, which is
// refused.
func begin(client net.Conn) ([]byte, error) {
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(client, head); err != nil {
			return nil, err
		}
		size, code := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
		if size < 8 || size > 1<<16 {
			return nil, errors.New("no startup packet")
		}
		packet := make([]byte, size)
		copy(packet, head)
		if _, err := io.ReadFull(client, packet[8:]); err != nil {
			return nil, err
		}
		if code != sslRequest && code != gssRequest {
			return packet, nil
		}
		if _, err := client.Write([]byte{'N'}); err != nil {
			return nil, err
		}
	}
}

// message reads one message, with its type and length.
func message(from io.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size < 4 || size > 1<<30 {
		return nil, errors.New("no message of the protocol")
	}
	out := make([]byte, 1+size)
	copy(out, head)
	_, err := io.ReadFull(from, out[5:])
	return out, err
}

// asks passes on what the client asks.
func (o *outage) asks(client io.Reader, server io.Writer, due *int) {
	for {
		m, err := message(client)
		if err != nil || !o.passes(m[0], due) {
			return
		}
		if _, err := server.Write(m); err != nil {
			return
		}
	}
}

// passes reports whether a message goes to the server. Where that is over, it waits for the
// answers to what was asked before, and breaks all connections.
func (o *outage) passes(kind byte, due *int) bool {
	o.mu.Lock()
	over := o.asked >= o.after
	switch kind {
	case 'p', 'X', 'd', 'c', 'f': // a password, the end, the data of a COPY that goes on
		over = false
	case 'Q', 'S', 'F': // each is answered with ReadyForQuery
		if !over {
			o.asked++
			o.due++
			*due++
		}
	}
	for over && o.due > 0 && !o.broken {
		o.changed.Wait()
	}
	broken := o.broken
	o.mu.Unlock()
	if over && !broken {
		o.stop()
	}
	return !over && !broken
}

// answers passes on what the server says, and counts the answers.
func (o *outage) answers(client io.Writer, server io.Reader, due *int) {
	defer o.answered(math.MaxInt, due) // what is not answered by then never is
	for first := true; ; {
		m, err := message(server)
		if err != nil {
			return
		}
		if _, err := client.Write(m); err != nil {
			return
		}
		if m[0] == 'Z' && !first { // the first says that the login is over
			o.answered(1, due)
		}
		first = first && m[0] != 'Z'
	}
}

func (o *outage) answered(n int, due *int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n = min(n, *due)
	o.due -= n
	*due -= n
	o.changed.Broadcast()
}
