package run_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/rlsfuzz/rlsfuzz/gen"
	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/props"
	"github.com/rlsfuzz/rlsfuzz/props/helpdesk"
	"github.com/rlsfuzz/rlsfuzz/props/run"
	"github.com/rlsfuzz/rlsfuzz/props/search"
)

// flush is what one write sent, and how often the server says that it is ready.
type flush struct {
	bytes []byte
	ready int
}

// tape is a connection that records what is written to it.
type tape struct {
	net.Conn
	on      bool
	flushes []flush
}

func (t *tape) Write(b []byte) (int, error) {
	if t.on {
		f := flush{bytes: slices.Clone(b)}
		for i := 0; i+5 <= len(b); i += 1 + int(binary.BigEndian.Uint32(b[i+1:])) {
			if b[i] == 'S' {
				f.ready++
			}
		}
		t.flushes = append(t.flushes, f)
	}
	return t.Conn.Write(b)
}

// raw replays flushes and reads up to as many ReadyForQuery messages.
type raw struct {
	conn net.Conn
	in   *bufio.Reader
}

func (r *raw) replay(flushes []flush) error {
	for _, f := range flushes {
		if _, err := r.conn.Write(f.bytes); err != nil {
			return err
		}
		for ready := 0; ready < f.ready; {
			head, err := r.in.Peek(5)
			if err != nil {
				return err
			}
			kind, size := head[0], 1+int(binary.BigEndian.Uint32(head[1:]))
			if _, err := r.in.Discard(size); err != nil {
				return err
			}
			if kind == 'Z' {
				ready++
			}
		}
	}
	return nil
}

// course is what the benchmark runs: the same checks in three ways.
type course struct {
	target *props.Target
	tape   *tape
	worker *run.Worker
	raw    *raw
	plain  *plain
	k      int
	seed   uint64
}

// speedOptions makes datasets of 24 rows or a little more, and 10 operations.
var speedOptions = gen.Options{Cast: 2, Rows: 1}

const speedSteps = 10

func newCourse(b *testing.B, k int) *course {
	ctx := context.Background()
	dir := b.TempDir()
	if err := helpdesk.Write(dir); err != nil {
		b.Fatal(err)
	}
	t, err := props.Open(ctx, props.Config{Contract: filepath.Join(dir, "rlsfuzz.yaml")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = t.Close() })
	c := &course{target: t, k: k, seed: 1}
	dial := func(wrap func(net.Conn) net.Conn) func(context.Context) (*pgx.Conn, error) {
		db, err := t.Scratch(ctx)
		if err != nil {
			b.Fatal(err)
		}
		return func(ctx context.Context) (*pgx.Conn, error) {
			cfg := t.Server.Config(db, "")
			inner := cfg.DialFunc
			cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := inner(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				return wrap(conn), nil
			}
			return pgx.ConnectConfig(ctx, cfg)
		}
	}
	c.worker, err = run.NewWorkerOn(ctx, t.Server.Superuser(), t.Contract, dial(func(n net.Conn) net.Conn {
		c.tape = &tape{Conn: n}
		return c.tape
	}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.worker.Close)
	c.newRaw(b, dial)
	c.newPlain(b, dial)
	c.tape.on = true
	return c
}

func (c *course) newRaw(b *testing.B, dial func(func(net.Conn) net.Conn) func(context.Context) (*pgx.Conn, error)) {
	conn, err := dial(func(n net.Conn) net.Conn { return n })(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for _, set := range []string{"SET plan_cache_mode = force_generic_plan", "SET timezone = 'UTC'"} {
		if _, err := conn.Exec(context.Background(), set); err != nil {
			b.Fatal(err)
		}
	}
	h, err := conn.PgConn().Hijack()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = h.Conn.Close() })
	c.raw = &raw{conn: h.Conn, in: bufio.NewReaderSize(h.Conn, 1<<16)}
}

// lot is the checks of one slice.
type lot struct {
	datasets  []*gen.Dataset
	sequences [][][]model.Step
	rows      int
}

// tool runs n datasets the way that check does, and keeps what it drew.
func (c *course) tool(b *testing.B, n int) (lot, time.Duration) {
	var l lot
	c.tape.flushes = c.tape.flushes[:0]
	start := time.Now()
	c.seed++
	failed, err := search.Check(c.seed, n, func(t *rapid.T) {
		bits := gen.Drawn{T: t}
		d := c.target.Plan.Dataset(bits, speedOptions)
		sequences := make([][]model.Step, 0, c.k)
		for range c.k {
			sequences = append(sequences, c.target.Plan.Sequence(bits, speedSteps, d))
		}
		statuses, err := c.worker.Fast(context.Background(), d.Data, d.State, sequences)
		if err != nil {
			b.Error(err)
			return
		}
		for _, s := range statuses {
			if s != run.Passed {
				b.Errorf("a check of the fixed schema ended as %v", s)
				return
			}
		}
		l.datasets, l.sequences = append(l.datasets, d), append(l.sequences, sequences)
	})
	took := time.Since(start)
	if failed || err != nil || b.Failed() {
		b.Fatal("the tool's slice failed: ", err)
	}
	for _, d := range l.datasets {
		for _, rows := range d.Data {
			l.rows += len(rows)
		}
	}
	return l, took
}

// BenchmarkCheck compares a whole check with the same bytes replayed raw and with
// the plain way, in adjacent slices on one server. It reports medians of the ratios
// and, to judge by, the ratio of the fastest slices.
func BenchmarkCheck(b *testing.B) {
	for _, k := range []int{1, 10} {
		b.Run(fmt.Sprintf("sequences=%d", k), func(b *testing.B) {
			c := newCourse(b, k)
			datasets := 200 / k
			c.slices(b, 3, datasets) // warm
			b.ResetTimer()
			for range b.N {
				c.slices(b, 15, datasets)
			}
		})
	}
}

func (c *course) slices(b *testing.B, rounds, datasets int) {
	var tool, replay, plain []float64
	rows, checks := 0, 0
	for range rounds {
		l, took := c.tool(b, datasets)
		n := float64(len(l.datasets) * c.k)
		rows, checks = rows+l.rows, checks+len(l.datasets)
		tool = append(tool, took.Seconds()/n)
		start := time.Now()
		if err := c.raw.replay(c.tape.flushes); err != nil && err != io.EOF {
			b.Fatal(err)
		}
		replay = append(replay, time.Since(start).Seconds()/n)
		few := max(1, datasets/20)
		start = time.Now()
		for i := range few {
			c.plain.check(b, l.datasets[i], l.sequences[i])
		}
		plain = append(plain, time.Since(start).Seconds()/float64(few*c.k))
	}
	b.ReportMetric(slices.Min(tool)*1e6, "us/check")
	b.ReportMetric(slices.Min(replay)/slices.Min(tool), "of-raw")
	b.ReportMetric(slices.Min(plain)/slices.Min(tool), "x-plain")
	b.ReportMetric(median(ratios(replay, tool)), "of-raw-median")
	b.ReportMetric(median(ratios(plain, tool)), "x-plain-median")
	b.ReportMetric(float64(rows)/float64(checks), "rows/dataset")
	b.ReportMetric(0, "ns/op")
}

func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

func median(list []float64) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}
