"""Host tools: the simulated bus, vehicle, power module and central system, and what starts them."""
