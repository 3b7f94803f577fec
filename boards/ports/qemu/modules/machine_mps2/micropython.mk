SRC_USERMOD_C += $(addprefix $(USERMOD_DIR)/, start.c clock.c uart.c semihost.c modmps2.c machine_rtc.c modcanguard.c)
