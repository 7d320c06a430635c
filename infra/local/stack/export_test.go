package stack

// KillEmulator kills the emulator.
func KillEmulator(s *Stack) { s.table.process.Kill() }
