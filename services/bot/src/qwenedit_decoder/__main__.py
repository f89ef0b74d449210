from qwenedit_decoder.child import main

main()
