package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"signpost/infra/local/lambda"
	"signpost/shared/config"
)

// TestMain lets the host under test start the test binary as a function, which
// does what each event says.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Exit(m.Run())
	}
	if os.Getenv("REFUSE") != "" {
		fmt.Println("setting REFUSE is wrong")
		os.Exit(3)
	}
	awslambda.Start(act)
}

// order is the function's event. Meet is the address of a barrier, where the
// function waits until the test releases it.
type order struct {
	Do, Meet, Print string
}

type report struct {
	PID         int
	DeadlineIn  time.Duration
	Environment map[string]string
}

func act(ctx context.Context, o order) (any, error) {
	if o.Print != "" {
		fmt.Println(o.Print)
	}
	if o.Meet != "" {
		if err := meet(o.Meet); err != nil {
			return nil, err
		}
	}
	switch o.Do {
	case "exit":
		os.Exit(7)
	case "panic":
		panic("oh")
	case "error":
		return nil, errors.New("no")
	case "hang":
		select {}
	case "large":
		return strings.Repeat("x", lambda.MaxPayload+1000), nil
	}
	deadline, _ := ctx.Deadline()
	return report{os.Getpid(), time.Until(deadline), config.Environ(os.Environ())}, nil
}

func meet(address string) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = connection.Read(make([]byte, 1)) // until the test releases it
	return err
}

type barrier struct {
	t        *testing.T
	listener net.Listener
}

func newBarrier(t *testing.T) *barrier {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return &barrier{t, listener}
}

func (b *barrier) address() string { return b.listener.Addr().String() }

// arrive waits until a function has connected. The result releases the function.
func (b *barrier) arrive() (release func()) {
	b.t.Helper()
	connection, err := b.listener.Accept()
	if err != nil {
		b.t.Fatal(err)
	}
	return func() {
		_, _ = connection.Write([]byte("!"))
		_ = connection.Close()
	}
}

func self(t *testing.T) string {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// rig is a host with one function, which is the test binary.
type rig struct {
	t        *testing.T
	host     *lambda.Host
	function *lambda.Function
	logs     *os.File
}

// text returns the log.
func (r *rig) text() string {
	text, err := os.ReadFile(r.logs.Name())
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func newRig(t *testing.T, change func(*lambda.Config)) *rig {
	t.Helper()
	logs, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, logs: logs}
	if r.host, err = lambda.NewHost(r.logs); err != nil {
		t.Fatal(err)
	}
	config := lambda.Config{
		Name: "TestFunction", Binary: self(t), Timeout: 20 * time.Second, MemorySize: 256,
		Environment: map[string]string{"COLOUR": "blue"},
	}
	if change != nil {
		change(&config)
	}
	r.function = r.host.Add(config)
	t.Cleanup(r.close)
	return r
}

func (r *rig) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r.host.Close(ctx)
}

func (r *rig) invoke(o order) lambda.Result {
	r.t.Helper()
	payload, err := json.Marshal(o)
	if err != nil {
		r.t.Fatal(err)
	}
	result, err := r.function.Invoke(context.Background(), payload)
	if err != nil {
		r.t.Fatal(err)
	}
	return result
}

func (r *rig) work(o order) report {
	r.t.Helper()
	result := r.invoke(o)
	if result.Outcome != lambda.OK {
		r.t.Fatalf("the function failed: %s\n%s", result.Payload, r.text())
	}
	var got report
	if err := json.Unmarshal(result.Payload, &got); err != nil {
		r.t.Fatal(err)
	}
	return got
}
