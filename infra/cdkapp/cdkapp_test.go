package cdkapp

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// TestRuntimeEndsWithoutWarnings: an older jsii waited twice for its Node process,
// and sometimes reported a normal exit as abnormal.
func TestRuntimeEndsWithoutWarnings(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = write
	for range 3 {
		awscdk.NewApp(nil)
		jsii.Close()
	}
	os.Stderr = stderr
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(read); strings.Contains(string(said), "exited") || err != nil {
		t.Errorf("%s%v", said, err)
	}
}
