"""Messages to the customer of an order: written once, sent by a command of the house, told in the timeline."""
