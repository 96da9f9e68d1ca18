// A worker for NovaPulse with nothing but Go's standard library.
//
//	NOVAPULSE_URL=http://127.0.0.1:8080 NOVAPULSE_API_KEY=np_live_... go run worker.go <queue>
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const lease = 30 * time.Second

var (
	base   = strings.TrimRight(os.Getenv("NOVAPULSE_URL"), "/") + "/api/v1"
	client = &http.Client{Timeout: time.Minute}
	// errStale says that the job is not ours any more: cancelled, timed out, or with another worker.
	errStale = errors.New("the lease is not held any more")
)

type job struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	Payload    json.RawMessage `json:"payload"`
	LeaseToken string          `json:"lease_token"`
}

// handle is your work. ctx is done when the job is cancelled.
func handle(ctx context.Context, j job) (any, error) {
	return map[string]any{"echo": j.Payload}, ctx.Err()
}

// call is one POST, repeated with the same idempotency key until there is an answer.
func call(path string, body, answer any, key string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	for wait := 200 * time.Millisecond; ; {
		after := wait
		if wait *= 2; wait > 10*time.Second {
			wait = 10 * time.Second
		}
		request, err := http.NewRequest(http.MethodPost, base+path, bytes.NewReader(text))
		if err != nil {
			return err
		}
		request.Header.Set("authorization", "Bearer "+os.Getenv("NOVAPULSE_API_KEY"))
		request.Header.Set("content-type", "application/json")
		if key != "" {
			request.Header.Set("idempotency-key", key)
		}
		if response, err := client.Do(request); err == nil {
			content, err := io.ReadAll(response.Body)
			response.Body.Close()
			switch {
			case err != nil:
			case response.StatusCode < 300:
				return json.Unmarshal(content, answer)
			case response.StatusCode == http.StatusConflict:
				return errStale
			case response.StatusCode != 429 && response.StatusCode != 503:
				return fmt.Errorf("%s: %s", response.Status, content)
			}
			if seconds, err := strconv.Atoi(response.Header.Get("retry-after")); err == nil {
				after = time.Duration(seconds) * time.Second
			}
		}
		time.Sleep(after)
	}
}

// work runs one job and says how it ended.
func work(j job) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(lease / 3)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				var held struct{ Cancelled bool }
				body := map[string]any{"lease_token": j.LeaseToken, "lease_ms": lease.Milliseconds()}
				err := call("/jobs/"+j.ID+"/heartbeat", body, &held, "")
				if errors.Is(err, errStale) || held.Cancelled {
					cancel()
				}
			}
		}
	}()
	result, err := handle(ctx, j)
	close(done)
	end, body := "complete", map[string]any{"lease_token": j.LeaseToken, "result": result}
	if err != nil {
		end, body = "fail", map[string]any{"lease_token": j.LeaseToken, "error": err.Error()}
	}
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	err = call("/jobs/"+j.ID+"/"+end, body, &struct{}{}, hex.EncodeToString(key))
	if errors.Is(err, errStale) {
		fmt.Fprintln(os.Stderr, j.ID, "was taken back")
		return nil
	}
	return err
}

func main() {
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	host, _ := os.Hostname()
	name := fmt.Sprintf("%s-%d", host, os.Getpid())
	left, _ := strconv.Atoi(os.Getenv("WORKER_JOBS"))
	for count := 0; stop.Err() == nil && (left == 0 || count < left); {
		var leased struct{ Jobs []job }
		order := map[string]any{"max": 1, "wait_ms": 20000, "lease_ms": lease.Milliseconds(), "worker": name}
		err := call("/queues/"+os.Args[1]+"/lease", order, &leased, "")
		for _, j := range leased.Jobs {
			if err == nil {
				err = work(j)
				count++
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
