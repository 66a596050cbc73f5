// Says what kstatus makes of Kubernetes objects: a stream of JSON objects on standard input, for each of them one line
// of JSON on standard output. Two libraries answer: the original one, and the one that Flux and Helm 4 are built with.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	flux "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	original "sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type answer struct {
	Original string `json:"original"`
	Flux     string `json:"flux"`
}

func main() {
	if err := answerAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerAll(in io.Reader, out io.Writer) error {
	objects, answers := json.NewDecoder(in), json.NewEncoder(out)
	for count := 1; ; count++ {
		var text json.RawMessage
		if err := objects.Decode(&text); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("object %d is no JSON: %w", count, err)
		}
		// Reads whole numbers as integers, which kstatus asks for; encoding/json alone would read floats.
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(text); err != nil {
			return fmt.Errorf("object %d is no Kubernetes object: %w", count, err)
		}
		said, err := statusOf(object)
		if err != nil {
			return fmt.Errorf("object %d: %w", count, err)
		}
		if err := answers.Encode(said); err != nil {
			return err
		}
	}
}

func statusOf(object *unstructured.Unstructured) (answer, error) {
	byOriginal, err := original.Compute(object)
	if err != nil {
		return answer{}, fmt.Errorf("sigs.k8s.io/cli-utils: %w", err)
	}
	byFlux, err := flux.Compute(object)
	if err != nil {
		return answer{}, fmt.Errorf("github.com/fluxcd/cli-utils: %w", err)
	}
	return answer{Original: byOriginal.Status.String(), Flux: byFlux.Status.String()}, nil
}
