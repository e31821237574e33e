package main

import (
	"errors"
	"syscall"
	"time"
)

// bench returns seconds of this process's processor time for one patch: reading base and patches, merging, writing.
func bench(base string, patches []string, count int) (float64, error) {
	if count < 1 {
		return 0, errors.New("bench needs a count of at least 1")
	}

	// Once before, so that what is made at first use is not measured.
	if _, err := patch(base, patches); err != nil {
		return 0, err
	}

	begun, err := processorTime()
	if err != nil {
		return 0, err
	}

	for range count {
		if _, err := patch(base, patches); err != nil {
			return 0, err
		}
	}

	ended, err := processorTime()
	if err != nil {
		return 0, err
	}

	return (ended - begun).Seconds() / float64(count), nil
}

// processorTime is what all threads of this process have used, those of the garbage collector included.
func processorTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}

	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
