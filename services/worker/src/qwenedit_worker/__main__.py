from qwenedit_worker.app import main

main()
