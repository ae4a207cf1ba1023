// Command desk is an application for the tests: it serves the invoices of a firm over HTTP,
// and is its own client.
//
//	desk serve PORT     the server; it connects as DATABASE_URL says
//	desk get URL        fails on any status but 200
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

func main() {
	log.SetFlags(0)
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2])
	case "get":
		get(os.Args[2])
	case "never":
		log.Print("waiting for what does not come")
		time.Sleep(time.Hour)
	}
}

func serve(port string) {
	conn := make(chan *pgx.Conn, 1) // one at a time
	c, err := pgx.Connect(context.Background(), os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	conn <- c
	cache := map[string]string{}
	http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/invoices", func(w http.ResponseWriter, r *http.Request) {
		c := <-conn
		defer func() { conn <- c }()
		firm := r.FormValue("firm")
		if firm == "" {
			http.Error(w, "no firm", http.StatusBadRequest)
			return
		}
		body, err := invoices(r.Context(), c, firm)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if os.Getenv("CACHE") != "" { // the planted leak: nobody asks whose answer it was
			if kept, ok := cache["invoices"]; ok {
				body = kept
			}
			cache["invoices"] = body
		}
		_, _ = io.WriteString(w, body)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}

func invoices(ctx context.Context, c *pgx.Conn, firm string) (body string, err error) {
	err = pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('app.firm', $1, true)", firm); err != nil {
			return err
		}
		query, args := "SELECT note FROM invoices WHERE firm_id = $1::int ORDER BY id", []any{firm}
		if os.Getenv("ALL") != "" { // the other one
			query, args = "SELECT note FROM invoices ORDER BY id", nil
		}
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		notes, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, n := range notes {
			body += n + "\n"
		}
		return err
	})
	return body, err
}

func get(url string) {
	res, err := http.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(os.Stdout, res.Body); err != nil {
		log.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		fmt.Fprintln(os.Stderr, res.Status)
		os.Exit(1)
	}
}
