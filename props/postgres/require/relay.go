package require

import (
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
)

// Relay makes the server whose socket lies in a folder reachable at a TCP address of this machine until the test ends,
// and returns the port.
func Relay(t testing.TB, folder, address string) int {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close()
		group.Wait()
	})
	group.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			group.Go(func() { relay(client, filepath.Join(folder, ".s.PGSQL.5432")) })
		}
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// relay passes bytes both ways until one side ends.
func relay(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{}, 2)
	pass := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go pass(server, client)
	go pass(client, server)
	<-done
}
