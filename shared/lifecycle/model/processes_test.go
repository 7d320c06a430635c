package model_test

const workerVariable = "MODEL_TEST_WORKER"

func workerMain() int { return 0 }
