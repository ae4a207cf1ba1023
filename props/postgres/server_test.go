package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/rlsfuzz/rlsfuzz/props/postgres"
)

func TestStartAuto(t *testing.T) {
	for range 2 {
		began := time.Now()
		s, err := postgres.Start(context.Background(), postgres.Options{Log: t.Logf})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(s.Describe(), time.Since(began), s.PID())
		name, err := s.CreateDatabase(context.Background(), "")
		if err != nil {
			t.Error(err)
		}
		if err := s.DropDatabase(context.Background(), name); err != nil {
			t.Error(err)
		}
		began = time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		t.Log(time.Since(began))
	}
}
